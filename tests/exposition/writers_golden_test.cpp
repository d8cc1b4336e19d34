// Every kind of metric with everything that is hard to write, in each format. The end-to-end tests
// give the text forms to Prometheus's and Python's parsers.

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "exposition/exposition_writer.h"
#include "support/golden.h"
#include "support/protobuf_exposition.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct ExampleFamily {
  MetricDescriptor metric;
  std::vector<MetricSeries> series;
};

HistogramValues DurationsWithEverything() {
  return {
      .count = 10,
      .sum = 7432.5,
      .buckets = {{.upper_bound = 0.00001, .cumulative_count = 1},
                  {.upper_bound = 0.25, .cumulative_count = 1},
                  {.upper_bound = 60,
                   .cumulative_count = 4,
                   .exemplar =
                       Exemplar{.labels = {{"call_leg_id", "428c31b6-7af4-4bcb-b7f5-5013ef9657c1"}},
                                .value = 54.5,
                                .time = WallTime(1'700'000'000'250ms)}},
                  {.upper_bound = 14400,
                   .cumulative_count = 9,
                   .exemplar = Exemplar{.labels = {{"call_leg_id", "quote \" and \\ slash"},
                                                   {"line", "a\nb"}},
                                        .value = 61}},
                  {.upper_bound = 2.5e6, .cumulative_count = 10},
                  {.upper_bound = kInfinity,
                   .cumulative_count = 10,
                   .exemplar = Exemplar{.value = 2e6, .time = WallTime(1'700'000'000s)}}},
      .native = NativeBuckets{.schema = 3,
                              .zero_threshold = 0x1p-128,
                              .zero_count = 1,
                              .buckets = {{-3, 1}, {46, 2}, {47, 5}, {167, 1}}}};
}

std::vector<ExampleFamily> ExampleFamilies() {
  return {
      {{"example_requests_total", MetricType::kCounter, "", "Requests."},
       {{.labels = {{"code", "200"}}, .value = 12}, {.labels = {{"code", "error"}}, .value = 0}}},
      {{"example_read_bytes_total", MetricType::kCounter, "bytes", "Bytes that were read."},
       {{.value = 123456789012}}},
      {{"example_labels", MetricType::kGauge, "", "Help with \"quotes\", a \\ and\na new line."},
       {{.labels = {{"kind", "quote"}, {"value", "a\"b"}}, .value = 1},
        {.labels = {{"kind", "backslash"}, {"value", "a\\b\\"}}, .value = 2},
        {.labels = {{"kind", "line end"}, {"value", "a\nb"}}, .value = 3},
        {.labels = {{"kind", "backslash and n"}, {"value", "a\\nb"}}, .value = 4},
        {.labels = {{"kind", "UTF-8"}, {"value", "B\xc3\xbcro \xe2\x82\xac \xf0\x9f\x93\x9e"}},
         .value = 5},
        {.labels = {{"kind", "brackets"}, {"value", "{a=\"b\",c=\"d\"} 1 # EOF"}}, .value = 6},
        {.labels = {{"kind", "empty"}, {"value", ""}}, .value = 7}}},
      {{"example_numbers", MetricType::kGauge, "", "Numbers of all kinds."},
       {{.labels = {{"of", "nothing"}}, .value = 0},
        {.labels = {{"of", "a fraction"}}, .value = 0.1},
        {.labels = {{"of", "a large one"}}, .value = 1.5e300},
        {.labels = {{"of", "a small one"}}, .value = -5e-324},
        {.labels = {{"of", "infinity"}}, .value = kInfinity},
        {.labels = {{"of", "less than any"}}, .value = -kInfinity},
        {.labels = {{"of", "none"}}, .value = std::numeric_limits<double>::quiet_NaN()}}},
      {{"example_start_timestamp_seconds", MetricType::kGauge, "seconds", "A time."},
       {{.value = 1700000000.125}}},
      {{"example_build_info", MetricType::kGauge, "", "Always 1."},
       {{.labels = {{"version", "1.2.3"}}, .value = 1}}},
      {{"example_latency_seconds", MetricType::kHistogram, "seconds", "With exemplars."},
       {{.labels = {{"account", "main"}}, .histogram = DurationsWithEverything()},
        {.labels = {{"account", "none"}}, .histogram = {}}}},
      {{"example_ages_seconds", MetricType::kGaugeHistogram, "seconds", "What is there now."},
       {{.histogram = {.count = 3,
                       .sum = 130,
                       .buckets = {{.upper_bound = 60, .cumulative_count = 2},
                                   {.upper_bound = 120, .cumulative_count = 3}},
                       .native = NativeBuckets{.schema = 3,
                                               .zero_threshold = 0x1p-128,
                                               .zero_count = 1,
                                               .buckets = {{39, 1}, {53, 1}}}}}}},
  };
}

std::string Write(const ExpositionWriter& writer) {
  std::string out;
  FamilyWriter families(writer, out);
  for (const auto& [metric, all] : ExampleFamilies()) {
    families.Begin(metric);
    for (const MetricSeries& series : all) families.Add(series);
    families.End();
  }
  writer.WriteEnd(out);
  return out;
}

TEST(WritersGolden, Text) {
  const std::string text = Write(TextWriter());
  EXPECT_EQ(text, Golden("exposition/golden/all.prom", text));
}

TEST(WritersGolden, OpenMetrics) {
  const std::string text = Write(OpenMetricsWriter());
  EXPECT_EQ(text, Golden("exposition/golden/all.openmetrics", text));
}

TEST(WritersGolden, Protobuf) {
  const std::string text = DecodeToText(ParseDelimited(Write(ProtobufWriter())));
  EXPECT_EQ(text, Golden("exposition/golden/all.protobuf.txt", text));
}

TEST(WriterOf, KnowsEveryFormat) {
  EXPECT_EQ(&WriterOf(ExpositionFormat::kText), &TextWriter());
  EXPECT_EQ(&WriterOf(ExpositionFormat::kOpenMetrics), &OpenMetricsWriter());
  EXPECT_EQ(&WriterOf(ExpositionFormat::kProtobuf), &ProtobufWriter());
}

}  // namespace
}  // namespace telnyx_exporter
