#pragma once

// Time as the whole program sees it. Everything that needs the time is given a Clock or, better,
// the time itself as an argument, so that tests and simulations decide what time it is.

#include <chrono>

namespace telnyx_exporter {

/// A clock that never goes back and goes on while the machine is suspended (Linux CLOCK_BOOTTIME),
/// so that values are stale after a resume. Only a tag: the time is read through `Clock`.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  // NOLINTNEXTLINE(readability-identifier-naming): the standard's name
  static constexpr bool is_steady = true;
};

using Duration = BootClock::duration;
/// A point in time for intervals, deadlines and ages.
using Instant = BootClock::time_point;
/// A point in time for people and for timestamp metrics.
using WallTime = std::chrono::system_clock::time_point;

/// Whole and fractional seconds, the base unit of every metric.
template <typename Rep, typename Period>
constexpr double ToSeconds(std::chrono::duration<Rep, Period> duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Seconds since 1970-01-01 UTC.
double ToUnixSeconds(WallTime time);

/// The boundary to the system's clocks. Implementations may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() const = 0;
  virtual WallTime WallNow() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant Now() const override;
  WallTime WallNow() const override;
};

}  // namespace telnyx_exporter
