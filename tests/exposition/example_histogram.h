#pragma once

#include "exposition/exposition_writer.h"

namespace telnyx_exporter {

inline constexpr MetricDescriptor kHistogram{"h_seconds", MetricType::kHistogram, "seconds", "H."};

}  // namespace telnyx_exporter
