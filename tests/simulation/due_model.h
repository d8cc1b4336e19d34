#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace telnyx_exporter::simulation {

/// When a connection's polls are due, reckoned apart from the exporter's PollGrid: at the moments
/// at which the wall clock of the time when the connection was taken up shows a multiple of the
/// interval plus an offset.
class DueModel {
 public:
  DueModel(Duration interval, std::uint64_t hash, Instant now, WallTime wall_now)
      : interval_(interval),
        shift_(wall_now.time_since_epoch() - now.time_since_epoch() -
               Duration(static_cast<Duration::rep>(hash %
                                                   static_cast<std::uint64_t>(interval.count())))),
        next_(FirstAfter(now)) {}

  Duration interval() const { return interval_; }
  Instant next() const { return next_; }
  void ExpectAt(Instant next) { next_ = next; }
  void ExpectAfter(Instant time) { next_ = FirstAfter(time); }
  void ExpectNoMore() { next_ = Instant::max(); }

  /// Due moments behind `begin`, up to `end`.
  std::uint64_t CountBetween(Instant begin, Instant end) const {
    if (end <= begin) return 0;
    return static_cast<std::uint64_t>((FirstAfter(end) - FirstAfter(begin)) / interval_);
  }
  Instant FirstAfter(Instant time) const {
    const Duration since = (time.time_since_epoch() + shift_) % interval_;
    return time + interval_ - (since < Duration::zero() ? since + interval_ : since);
  }

 private:
  Duration interval_;
  Duration shift_;
  Instant next_;
};

/// The interval after `refusals` in a row: doubled from the second on, up to five minutes or the
/// configured one.
inline Duration SlowedInterval(Duration interval, std::uint32_t refusals) {
  const Duration longest = std::max<Duration>(interval, std::chrono::minutes(5));
  Duration slowed = interval;
  for (std::uint32_t i = 1; i < refusals && slowed < longest; ++i) slowed = slowed * 2;
  return std::min(slowed, longest);
}

}  // namespace telnyx_exporter::simulation
