#pragma once

#include <prometheus/client_metric.h>

#include "exposition/metric.h"

namespace telnyx_exporter {

/// The values of one series of prometheus-cpp's registry in the model that the formats are written
/// from. Refers to the texts of `values`.
MetricSeries ToSeries(const MetricDescriptor& metric, const prometheus::ClientMetric& values);

}  // namespace telnyx_exporter
