#include "base/clock.h"

#include <ctime>

namespace telnyx_exporter {

double ToUnixSeconds(WallTime time) {
  // Nanoseconds since 1970 do not fit a double: in one step 1700000000.25 became …2499998.
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return ToSeconds(whole.time_since_epoch()) + ToSeconds(time - whole);
}

Instant SystemClock::Now() const {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return Instant(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

WallTime SystemClock::WallNow() const { return std::chrono::system_clock::now(); }

}  // namespace telnyx_exporter
