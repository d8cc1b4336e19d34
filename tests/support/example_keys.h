#pragma once

// The account and the connection that the tests of this room count for.

#include <memory>
#include <vector>

#include "calls/duration_bounds.h"
#include "polling/poll_observer.h"

namespace telnyx_exporter {

inline constexpr AccountKey kAccount{0};
inline constexpr ConnectionKey kConnection{0};

inline const DurationBounds kBounds =
    std::make_shared<const std::vector<double>>(std::vector<double>{60, 600});

}  // namespace telnyx_exporter
