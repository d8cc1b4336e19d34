#pragma once

// An account, a connection and duration bounds that tests of state and metrics use.

#include <memory>
#include <vector>

#include "calls/duration_histogram.h"
#include "polling/poll_observer.h"

namespace telnyx_exporter {

inline constexpr AccountKey kAccount{0};
inline constexpr ConnectionKey kConnection{0};

inline const DurationBounds kBounds =
    std::make_shared<const std::vector<double>>(std::vector<double>{60, 600});

}  // namespace telnyx_exporter
