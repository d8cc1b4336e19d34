#pragma once

#include <string>
#include <vector>

#include "exposition/metric.h"

namespace telnyx_exporter {

struct ProcessMetric {
  MetricDescriptor descriptor;
  double value;
};

/// The process_* metrics of this process, read from /proc now; what cannot be read is left out.
std::vector<ProcessMetric> ReadProcessMetrics();

}  // namespace telnyx_exporter
