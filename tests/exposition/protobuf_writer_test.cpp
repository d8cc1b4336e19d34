#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "example_histogram.h"
#include "exposition/exposition_writer.h"
#include "support/protobuf_exposition.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
namespace pb = io::prometheus::client;

pb::MetricFamily Family(const MetricDescriptor& metric, const std::vector<MetricSeries>& all) {
  std::string out;
  FamilyWriter writer(ProtobufWriter(), out);
  writer.Begin(metric);
  for (const MetricSeries& series : all) writer.Add(series);
  writer.End();
  ProtobufWriter().WriteEnd(out);
  const MetricFamilies families = ParseDelimited(out);
  EXPECT_EQ(families.size(), 1U);
  return families.front();
}

pb::Histogram Histogram(const HistogramValues& values) {
  return Family(kHistogram, {{.histogram = values}}).metric(0).histogram();
}

NativeBuckets Native(std::vector<NativeBuckets::Bucket> buckets) {
  return {.schema = 3, .zero_threshold = 0x1p-128, .buckets = std::move(buckets)};
}

TEST(ProtobufWriter, JoinsSeriesToAFamily) {
  const auto family = Family({"c_total", MetricType::kCounter, "", "Help \"me\"\n"},
                             {{.labels = {{"a", "x"}}, .value = 1.5}, {.value = 2}});
  EXPECT_EQ(family.name(), "c_total");
  EXPECT_EQ(family.help(), "Help \"me\"\n");
  EXPECT_EQ(family.type(), pb::COUNTER);
  ASSERT_EQ(family.metric_size(), 2);
  EXPECT_EQ(family.metric(0).label(0).name(), "a");
  EXPECT_EQ(family.metric(0).label(0).value(), "x");
  EXPECT_EQ(family.metric(0).counter().value(), 1.5);
  EXPECT_EQ(family.metric(1).label_size(), 0);
  EXPECT_EQ(family.metric(1).counter().value(), 2);
}

TEST(ProtobufWriter, KeepsEveryLabelValueAsItIs) {
  for (const std::string value : {"", "\"", "\\", "\n", "gr\xc3\xbcn", "\xf0\x9f\x93\x9e"}) {
    const auto family =
        Family({"g", MetricType::kGauge, "", ""}, {{.labels = {{"a", value}}, .value = 1}});
    EXPECT_EQ(family.metric(0).label(0).value(), value);
    EXPECT_EQ(family.metric(0).gauge().value(), 1);
  }
}

TEST(ProtobufWriter, WritesLengthsOfEverySize) {
  for (const unsigned size : {0U, 1U, 50U, 100U, 120U, 127U, 128U, 300U, 20'000U, 3'000'000U}) {
    const std::string value(size, 'x');
    const auto family = Family({"g", MetricType::kGauge, "", ""}, {{.labels = {{"a", value}}}});
    EXPECT_EQ(family.metric(0).label(0).value().size(), size);
  }
}

TEST(ProtobufWriter, WritesClassicBuckets) {
  const auto histogram = Histogram({.count = 5,
                                    .sum = 99.5,
                                    .buckets = {{.upper_bound = 60, .cumulative_count = 2},
                                                {.upper_bound = 120, .cumulative_count = 3}}});
  EXPECT_EQ(histogram.sample_count(), 5U);
  EXPECT_EQ(histogram.sample_sum(), 99.5);
  ASSERT_EQ(histogram.bucket_size(), 2);
  EXPECT_EQ(histogram.bucket(1).upper_bound(), 120);
  EXPECT_EQ(histogram.bucket(1).cumulative_count(), 3U);
  // Nothing that would make it a native one.
  EXPECT_FALSE(histogram.has_schema());
  EXPECT_FALSE(histogram.has_zero_threshold());
  EXPECT_EQ(histogram.positive_span_size(), 0);
}

TEST(ProtobufWriter, WritesRunsOfNativeBucketsAsSpans) {
  const auto histogram = Histogram(
      {.count = 18, .native = Native({{-2, 4}, {-1, 5}, {0, 5}, {3, 1}, {10, 2}, {11, 1}})});
  EXPECT_EQ(histogram.schema(), 3);
  EXPECT_EQ(histogram.zero_threshold(), 0x1p-128);
  ASSERT_EQ(histogram.positive_span_size(), 3);
  EXPECT_EQ(histogram.positive_span(0).offset(), -2);
  EXPECT_EQ(histogram.positive_span(0).length(), 3U);
  EXPECT_EQ(histogram.positive_span(1).offset(), 2);
  EXPECT_EQ(histogram.positive_span(1).length(), 1U);
  EXPECT_EQ(histogram.positive_span(2).offset(), 6);
  EXPECT_EQ(histogram.positive_span(2).length(), 2U);
  EXPECT_THAT(histogram.positive_delta(), ElementsAre(4, 1, 0, -4, 1, -1));
}

TEST(ProtobufWriter, BeginsASpanAtTheFirstBucket) {
  const auto histogram = Histogram({.count = 1, .native = Native({{0, 1}})});
  ASSERT_EQ(histogram.positive_span_size(), 1);
  EXPECT_EQ(histogram.positive_span(0).offset(), 0);
  EXPECT_EQ(histogram.positive_span(0).length(), 1U);
}

TEST(ProtobufWriter, MarksANativeHistogramWithoutAnyObservation) {
  const auto family =
      Family({"h", MetricType::kGaugeHistogram, "", ""}, {{.histogram = {.native = Native({})}}});
  EXPECT_EQ(family.type(), pb::GAUGE_HISTOGRAM);
  EXPECT_GT(family.metric(0).histogram().zero_threshold(), 0);
}

TEST(ProtobufWriter, WritesExemplars) {
  const auto histogram = Histogram(
      {.count = 1,
       .buckets = {{.upper_bound = 120,
                    .cumulative_count = 1,
                    .exemplar = Exemplar{.labels = {{"call_leg_id", "428c31b6-7af4"}},
                                         .value = 67,
                                         .time = WallTime(1'700'000'000'250ms)}},
                   {.upper_bound = 300, .cumulative_count = 1, .exemplar = Exemplar{.value = 1}}}});
  const auto& exemplar = histogram.bucket(0).exemplar();
  EXPECT_EQ(exemplar.label(0).name(), "call_leg_id");
  EXPECT_EQ(exemplar.label(0).value(), "428c31b6-7af4");
  EXPECT_EQ(exemplar.value(), 67);
  EXPECT_EQ(exemplar.timestamp().seconds(), 1'700'000'000);
  EXPECT_EQ(exemplar.timestamp().nanos(), 250'000'000);
  EXPECT_FALSE(histogram.bucket(1).exemplar().has_timestamp());
}

std::string Decoded(const MetricDescriptor& metric, const MetricSeries& series) {
  return DecodeToText({Family(metric, {series})});
}

TEST(ProtobufWriter, WritesAUnitOnlyWhereItEndsTheName) {
  EXPECT_THAT(Decoded({"g_seconds", MetricType::kGauge, "seconds", ""}, {}),
              HasSubstr("\n  unit: \"seconds\"\n"));
  EXPECT_THAT(Decoded({"c_seconds_total", MetricType::kCounter, "seconds", ""}, {}),
              Not(HasSubstr("unit:")));
  EXPECT_THAT(Decoded({"g", MetricType::kGauge, "", ""}, {}), Not(HasSubstr("unit:")));
}

TEST(ProtobufWriter, WritesStartTimesOfCountersAndHistograms) {
  const MetricSeries series{.value = 1, .created = WallTime(1'700'000'000'250ms)};
  EXPECT_THAT(Decoded({"c_total", MetricType::kCounter, "", ""}, series),
              HasSubstr("counter {\n      value: 1\n      created_timestamp {\n"
                        "        seconds: 1700000000\n        nanos: 250000000\n      }\n    }\n"));
  EXPECT_THAT(Decoded({"h", MetricType::kHistogram, "", ""}, series),
              HasSubstr("      created_timestamp {\n        seconds: 1700000000\n"));
  EXPECT_THAT(Decoded({"h", MetricType::kHistogram, "", ""}, {}),
              Not(HasSubstr("created_timestamp")));
  for (const MetricType type : {MetricType::kGauge, MetricType::kGaugeHistogram}) {
    EXPECT_THAT(Decoded({"g", type, "", ""}, series), Not(HasSubstr("1700000000")));
  }
}

TEST(ProtobufWriter, LeavesOutAnExemplarThatIsTooLong) {
  const std::string value(127, 'x');
  const auto histogram =
      Histogram({.buckets = {{.upper_bound = 1, .exemplar = Exemplar{.labels = {{"id", value}}}}}});
  EXPECT_FALSE(histogram.bucket(0).has_exemplar());
}

}  // namespace
}  // namespace telnyx_exporter
