#pragma once

#include <chrono>

#include "base/clock.h"

namespace telnyx_exporter::simulation {

/// What reckoning with dates and fractions in floating point may be wrong by.
inline constexpr Duration kTimeSlack = std::chrono::microseconds(1);

inline Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace telnyx_exporter::simulation
