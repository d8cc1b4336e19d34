#include "base/clock.h"

#include <ctime>

namespace telnyx_exporter {

double ToUnixSeconds(WallTime time) { return ToSeconds(time.time_since_epoch()); }

Instant SystemClock::Now() const {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return Instant(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

WallTime SystemClock::WallNow() const { return std::chrono::system_clock::now(); }

}  // namespace telnyx_exporter
