#include "metrics/client_metric.h"

namespace telnyx_exporter {
namespace {

using prometheus::ClientMetric;

HistogramValues ToHistogram(const ClientMetric::Histogram& values) {
  HistogramValues histogram{.count = values.sample_count, .sum = values.sample_sum};
  histogram.buckets.reserve(values.bucket.size());
  for (const ClientMetric::Bucket& bucket : values.bucket) {
    histogram.buckets.push_back(
        {.upper_bound = bucket.upper_bound, .cumulative_count = bucket.cumulative_count});
  }
  return histogram;
}

}  // namespace

MetricSeries ToSeries(const MetricDescriptor& metric, const ClientMetric& values) {
  MetricSeries series;
  series.labels.reserve(values.label.size());
  for (const ClientMetric::Label& label : values.label) {
    series.labels.push_back({.name = label.name, .value = label.value});
  }
  switch (metric.type) {
    case MetricType::kCounter:
      series.value = values.counter.value;
      break;
    case MetricType::kGauge:
      series.value = values.gauge.value;
      break;
    case MetricType::kHistogram:
    case MetricType::kGaugeHistogram:
      series.histogram = ToHistogram(values.histogram);
      break;
  }
  return series;
}

}  // namespace telnyx_exporter
