#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace telnyx_exporter::simulation {

/// When a connection's polls are due, reckoned apart from the exporter. With the interval that the
/// configuration asks for: at the moments at which the wall clock of the time when the connection
/// was applied shows a multiple of the interval plus an offset of whole half seconds. With a longer
/// one, because the request budget is short: one interval after the newest poll began. The first
/// one is due within 15 s.
class DueModel {
 public:
  DueModel(Duration interval, std::uint64_t hash, Instant now, WallTime wall_now)
      : hash_(hash),
        wall_ahead_(wall_now.time_since_epoch() - now.time_since_epoch()),
        wanted_(interval),
        in_force_(interval),
        next_(FirstPlace(interval, now)),
        newest_(next_) {}

  Instant next() const { return next_; }
  void ExpectAt(Instant next) { next_ = next; }

  /// The wall clock is read again.
  void SetPlaces(Instant now, WallTime wall_now) {
    wall_ahead_ = wall_now.time_since_epoch() - now.time_since_epoch();
  }
  void SetWanted(Duration interval) { wanted_ = interval; }
  void SetInForce(Duration interval) { in_force_ = interval; }
  /// The newest poll began then or, before it does, is due then.
  void SetNewest(Instant newest) { newest_ = newest; }
  /// No poll is due before, because the connection is refused.
  void SlowDownUntil(Instant when) { slow_until_ = when; }
  bool is_stretched() const { return wanted_ != in_force_; }

  /// Due moments after `begin`, up to `end`.
  std::uint64_t CountBetween(Instant begin, Instant end) const {
    if (end <= begin) return 0;
    if (is_stretched()) return static_cast<std::uint64_t>((end - begin) / in_force_);
    return static_cast<std::uint64_t>((PlaceAfter(end, wanted_) - PlaceAfter(begin, wanted_)) /
                                      wanted_);
  }
  Instant FirstAfter(Instant time) const {
    if (!is_stretched()) return PlaceAfter(std::max(time, slow_until_), wanted_);
    Instant next = std::max(newest_, slow_until_) + in_force_;
    while (next <= time) next += in_force_;
    return next;
  }
  Instant FirstPlace(Duration interval, Instant now) const {
    return PlaceAfter(now, std::min<Duration>(interval, std::chrono::seconds(15)));
  }

 private:
  Instant PlaceAfter(Instant time, Duration interval) const {
    constexpr std::uint64_t kHalfSecond = 500'000'000;
    const Duration offset(static_cast<Duration::rep>(
        hash_ % static_cast<std::uint64_t>(interval.count()) / kHalfSecond * kHalfSecond));
    const Duration since = (time.time_since_epoch() + wall_ahead_ - offset) % interval;
    return time + interval - (since < Duration::zero() ? since + interval : since);
  }

  std::uint64_t hash_;
  Duration wall_ahead_;
  Duration wanted_;
  Duration in_force_;
  Instant next_;
  Instant newest_;
  Instant slow_until_ = Instant::min();
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
