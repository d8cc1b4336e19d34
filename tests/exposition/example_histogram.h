#pragma once

#include "exposition/metric.h"

namespace telnyx_exporter {

inline constexpr MetricDescriptor kHistogram{"h_seconds", MetricType::kHistogram, "seconds", "H."};

}  // namespace telnyx_exporter
