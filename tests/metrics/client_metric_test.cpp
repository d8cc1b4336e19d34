#include "metrics/client_metric.h"

#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

namespace telnyx_exporter {
namespace {

TEST(ToSeries, TakesLabelsAndTheValueOfACounter) {
  prometheus::Counter counter;
  counter.Increment(3);
  prometheus::ClientMetric values = counter.Collect();
  values.label = {{"a", "x"}, {"b", "y"}};
  const MetricSeries series = ToSeries({"c_total", MetricType::kCounter, "", ""}, values);
  EXPECT_EQ(series.value, 3);
  ASSERT_EQ(series.labels.size(), 2U);
  EXPECT_EQ(series.labels[1].name, "b");
  EXPECT_EQ(series.labels[1].value, "y");
}

TEST(ToSeries, TakesTheValueOfAGauge) {
  prometheus::Gauge gauge;
  gauge.Set(-1.5);
  EXPECT_EQ(ToSeries({"g", MetricType::kGauge, "", ""}, gauge.Collect()).value, -1.5);
}

TEST(ToSeries, TakesTheBucketsOfAHistogram) {
  prometheus::Histogram histogram({1, 5});
  histogram.Observe(0.5);
  histogram.Observe(7);
  const MetricSeries series = ToSeries({"h", MetricType::kHistogram, "", ""}, histogram.Collect());
  EXPECT_EQ(series.histogram.count, 2U);
  EXPECT_EQ(series.histogram.sum, 7.5);
  ASSERT_EQ(series.histogram.buckets.size(), 3U);
  EXPECT_EQ(series.histogram.buckets[1].upper_bound, 5);
  EXPECT_EQ(series.histogram.buckets[1].cumulative_count, 1U);
  EXPECT_EQ(series.histogram.buckets[2].cumulative_count, 2U);
  EXPECT_FALSE(series.histogram.native.has_value());
}

}  // namespace
}  // namespace telnyx_exporter
