#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "example_histogram.h"
#include "exposition/exposition_writer.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Canonical(double number) {
  std::string out;
  AppendCanonicalNumber(out, number);
  return out;
}

std::string OpenMetricsHeader(const MetricDescriptor& metric) {
  std::string out;
  OpenMetricsWriter().BeginFamily(metric, out);
  return out;
}

std::string OpenMetricsSamples(const MetricDescriptor& metric, const MetricSeries& series,
                               bool created = false) {
  std::string out;
  OpenMetricsWriter(created).WriteSamples(metric, series, out);
  return out;
}

MetricSeries WithExemplar(Exemplar exemplar) {
  return {.histogram = {
              .count = 1,
              .sum = 67,
              .buckets = {
                  {.upper_bound = 120, .cumulative_count = 1, .exemplar = std::move(exemplar)}}}};
}

TEST(AppendCanonicalNumber, WritesBoundsAsTheSpecificationDoes) {
  EXPECT_EQ(Canonical(0), "0.0");
  EXPECT_EQ(Canonical(1), "1.0");
  EXPECT_EQ(Canonical(60), "60.0");
  EXPECT_EQ(Canonical(-2), "-2.0");
  EXPECT_EQ(Canonical(0.025), "0.025");
  EXPECT_EQ(Canonical(1e-4), "0.0001");
  EXPECT_EQ(Canonical(1e-5), "1e-05");
  EXPECT_EQ(Canonical(14400), "14400.0");
  EXPECT_EQ(Canonical(1e5), "100000.0");
  EXPECT_EQ(Canonical(1e6), "1e+06");
  EXPECT_EQ(Canonical(2.5e6), "2.5e+06");
  EXPECT_EQ(Canonical(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(Canonical(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(Canonical(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(OpenMetricsWriter, NamesACountersFamilyWithoutTotal) {
  EXPECT_EQ(OpenMetricsHeader({"bytes_read_bytes_total", MetricType::kCounter, "bytes", "Read."}),
            "# HELP bytes_read_bytes Read.\n"
            "# TYPE bytes_read_bytes counter\n"
            "# UNIT bytes_read_bytes bytes\n");
  EXPECT_EQ(OpenMetricsSamples({"bytes_read_bytes_total", MetricType::kCounter, "bytes", "Read."},
                               {.value = 7}),
            "bytes_read_bytes_total 7\n");
}

TEST(OpenMetricsWriter, LeavesOutTheUnitOfANumberWithoutOne) {
  EXPECT_EQ(OpenMetricsHeader({"telnyx_x_info", MetricType::kGauge, "", "X."}),
            "# HELP telnyx_x_info X.\n# TYPE telnyx_x_info gauge\n");
}

TEST(OpenMetricsWriter, EscapesQuotesInHelpToo) {
  EXPECT_EQ(OpenMetricsHeader({"g", MetricType::kGauge, "", "a\nb\"c\\"}),
            "# HELP g a\\nb\\\"c\\\\\n# TYPE g gauge\n");
}

TEST(OpenMetricsWriter, KnowsGaugeHistograms) {
  const MetricDescriptor metric{"h_seconds", MetricType::kGaugeHistogram, "seconds", "H."};
  EXPECT_EQ(OpenMetricsHeader(metric),
            "# HELP h_seconds H.\n# TYPE h_seconds gaugehistogram\n# UNIT h_seconds seconds\n");
  EXPECT_EQ(OpenMetricsSamples(
                metric, {.labels = {{"a", "x"}},
                         .histogram = {.count = 3,
                                       .sum = 70,
                                       .buckets = {{.upper_bound = 60, .cumulative_count = 2}}}}),
            "h_seconds_bucket{a=\"x\",le=\"60.0\"} 2\n"
            "h_seconds_bucket{a=\"x\",le=\"+Inf\"} 3\n"
            "h_seconds_gsum{a=\"x\"} 70\n"
            "h_seconds_gcount{a=\"x\"} 3\n");
}

TEST(OpenMetricsWriter, WritesAnExemplarBehindItsBucket) {
  EXPECT_THAT(
      OpenMetricsSamples(kHistogram,
                         WithExemplar({.labels = {{"call_leg_id", "428c31b6-7af4"}}, .value = 67})),
      HasSubstr("h_seconds_bucket{le=\"120.0\"} 1 # {call_leg_id=\"428c31b6-7af4\"} 67\n"));
}

TEST(OpenMetricsWriter, WritesAnExemplarsTime) {
  EXPECT_THAT(OpenMetricsSamples(kHistogram, WithExemplar({.labels = {{"id", "a\"b"}},
                                                           .value = 66.5,
                                                           .time = WallTime(1'700'000'000'250ms)})),
              HasSubstr("} 1 # {id=\"a\\\"b\"} 66.5 1700000000.25\n"));
}

TEST(OpenMetricsWriter, LeavesOutAnExemplarThatIsTooLong) {
  // Characters count, not bytes: each of these has two.
  std::string value;
  for (int i = 0; i < 126; ++i) value += "\xc3\xbc";
  EXPECT_THAT(OpenMetricsSamples(kHistogram, WithExemplar({.labels = {{"id", value}}})),
              HasSubstr(" # {id="));
  value += 'x';
  EXPECT_THAT(OpenMetricsSamples(kHistogram, WithExemplar({.labels = {{"id", value}}})),
              HasSubstr("h_seconds_bucket{le=\"120.0\"} 1\n"));
}

TEST(OpenMetricsWriter, WritesCreationTimesOnRequest) {
  const MetricSeries series{
      .labels = {{"a", "x"}}, .value = 7, .created = WallTime(1'700'000'000'250ms)};
  const MetricDescriptor counter{"c_total", MetricType::kCounter, "", "C."};
  EXPECT_EQ(OpenMetricsSamples(counter, series), "c_total{a=\"x\"} 7\n");
  EXPECT_EQ(OpenMetricsSamples(counter, series, true),
            "c_total{a=\"x\"} 7\nc_created{a=\"x\"} 1700000000.25\n");
  EXPECT_THAT(OpenMetricsSamples(kHistogram, series, true),
              HasSubstr("h_seconds_count{a=\"x\"} 0\nh_seconds_created{a=\"x\"} 1700000000.25\n"));
  EXPECT_EQ(OpenMetricsSamples(counter, {.value = 7}, true), "c_total 7\n");
}

TEST(OpenMetricsWriter, WritesNoCreationTimesOfGauges) {
  const MetricSeries series{.value = 7, .created = WallTime(1'700'000'000'250ms)};
  EXPECT_EQ(OpenMetricsSamples({"g", MetricType::kGauge, "", "G."}, series, true), "g 7\n");
  EXPECT_THAT(
      OpenMetricsSamples({"h_seconds", MetricType::kGaugeHistogram, "", "H."}, series, true),
      Not(HasSubstr("_created")));
}

TEST(OpenMetricsWriter, EndsWithEof) {
  std::string out;
  OpenMetricsWriter().WriteEnd(out);
  EXPECT_EQ(out, "# EOF\n");
}

}  // namespace
}  // namespace telnyx_exporter
