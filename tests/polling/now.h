#pragma once

#include <chrono>

#include "base/clock.h"

namespace telnyx_exporter {

/// When the tests of what reckons with moments begin: long after the clock's zero.
inline constexpr Instant kNow{std::chrono::hours(100)};

}  // namespace telnyx_exporter
