#include "state/call_history.h"

#include <algorithm>

namespace telnyx_exporter {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr auto kLength = static_cast<std::int64_t>(CallHistory::kMinutes);

std::int64_t MinuteOf(Instant time) { return time.time_since_epoch() / kMinute; }

std::size_t PlaceOf(std::int64_t minute) { return static_cast<std::size_t>(minute % kLength); }

}  // namespace

void CallHistory::Note(std::uint64_t calls, Instant now, Instant expires) {
  const auto bounded = static_cast<std::uint32_t>(std::min<std::uint64_t>(calls, kUnknown - 1));
  const std::int64_t minute = MinuteOf(now);
  MoveTo(minute - 1);
  std::uint32_t& highest = highest_[PlaceOf(minute)];
  highest = minute > minute_ ? bounded : std::max(highest, bounded);
  minute_ = std::max(minute_, minute);
  calls_ = bounded;
  expires_ = expires;
}

// Fills the minutes up to and with `minute`, in which no poll ended.
void CallHistory::MoveTo(std::int64_t minute) {
  for (std::int64_t m = std::max(minute_ + 1, minute - kLength + 1); m <= minute; ++m) {
    const bool known = Instant(m * kMinute) < expires_;
    highest_[PlaceOf(m)] = known ? calls_ : kUnknown;
  }
  minute_ = std::max(minute_, minute);
}

CallHistory::Points CallHistory::At(Instant now) const {
  CallHistory moved = *this;
  moved.MoveTo(MinuteOf(now));
  Points points;
  for (std::int64_t i = 0; i < kLength; ++i) {
    const std::int64_t minute = moved.minute_ - kLength + 1 + i;
    if (minute < 0) continue;  // before the clock's beginning
    const std::uint32_t highest = moved.highest_[PlaceOf(minute)];
    if (highest != kUnknown) points[static_cast<std::size_t>(i)] = highest;
  }
  return points;
}

}  // namespace telnyx_exporter
