#include <limits>

#include <gtest/gtest.h>

#include "exposition/exposition_writer.h"

namespace telnyx_exporter {
namespace {

constexpr MetricDescriptor kGauge{"g", MetricType::kGauge, "", "A \\ gauge."};

std::string Number(double number) {
  std::string out;
  AppendNumber(out, number);
  return out;
}

std::string TextSamples(const MetricDescriptor& metric, const MetricSeries& series) {
  std::string out;
  TextWriter().WriteSamples(metric, series, out);
  return out;
}

TEST(AppendNumber, WritesTheShortestThatReadsBack) {
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(60), "60");
  EXPECT_EQ(Number(0.1), "0.1");
  EXPECT_EQ(Number(1700000000), "1700000000");
  EXPECT_EQ(Number(-3), "-3");
  EXPECT_EQ(Number(1e21), "1e+21");
  EXPECT_EQ(Number(1700000000.007), "1700000000.007");
  EXPECT_EQ(Number(9007199254740993.0), "9007199254740992");
  EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(Number(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(Number(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(TextWriter, WritesHelpAndType) {
  std::string out;
  TextWriter().BeginFamily(kGauge, out);
  EXPECT_EQ(out, "# HELP g A \\\\ gauge.\n# TYPE g gauge\n");
}

TEST(TextWriter, EscapesHelpThatHasALineEnd) {
  std::string out;
  TextWriter().BeginFamily({"g", MetricType::kCounter, "", "a\nb\"c"}, out);
  EXPECT_EQ(out, "# HELP g a\\nb\"c\n# TYPE g counter\n");
}

TEST(TextWriter, WritesASampleWithoutLabels) {
  EXPECT_EQ(TextSamples(kGauge, {.value = 1.5}), "g 1.5\n");
}

TEST(TextWriter, EscapesLabelValues) {
  EXPECT_EQ(TextSamples(kGauge, {.labels = {{"a", "x\"y\\z\nw"}, {"b", "gr\xc3\xbcn"}}}),
            "g{a=\"x\\\"y\\\\z\\nw\",b=\"gr\xc3\xbcn\"} 0\n");
}

TEST(FamilyWriter, WritesTheHeaderOfEveryFamilyThatHasASeriesOnce) {
  std::string out;
  FamilyWriter families(TextWriter(), out);
  families.Begin(kGauge);
  families.Begin({"h", MetricType::kGauge, "", "H."});
  families.End();
  EXPECT_EQ(out, "");
  families.Begin(kGauge);
  families.Add({.value = 1});
  families.Add({.labels = {{"a", "x"}}, .value = 2});
  families.End();
  EXPECT_EQ(out, "# HELP g A \\\\ gauge.\n# TYPE g gauge\ng 1\ng{a=\"x\"} 2\n");
}

TEST(ExpositionWriter, PutsEncodedLabelsBeforeTheOthers) {
  const std::vector<LabelView> shared = {{"a", "x\"y"}, {"b", "z"}};
  for (const ExpositionWriter* writer : {&TextWriter(), &OpenMetricsWriter(), &ProtobufWriter()}) {
    std::string encoded;
    writer->EncodeLabels(shared, encoded);
    std::string together;
    std::string apart;
    for (const MetricType type : {MetricType::kGauge, MetricType::kHistogram}) {
      const MetricDescriptor metric{"m", type, "", ""};
      writer->WriteSamples(metric, {.encoded_labels = encoded, .labels = {{"c", "1"}}}, together);
      writer->WriteSamples(metric, {.labels = {{"a", "x\"y"}, {"b", "z"}, {"c", "1"}}}, apart);
      writer->WriteSamples(metric, {.encoded_labels = encoded}, together);
      writer->WriteSamples(metric, {.labels = shared}, apart);
    }
    EXPECT_EQ(together, apart);
  }
}

TEST(TextWriter, WritesAHistogramWithItsLastBucket) {
  EXPECT_EQ(
      TextSamples({"h", MetricType::kGaugeHistogram, "seconds", ""},
                  {.labels = {{"a", "x"}},
                   .histogram = {.count = 5,
                                 .sum = 1234.5,
                                 .buckets = {{.upper_bound = 60, .cumulative_count = 2},
                                             {.upper_bound = 0.5e3, .cumulative_count = 3}}}}),
      "h_bucket{a=\"x\",le=\"60\"} 2\n"
      "h_bucket{a=\"x\",le=\"500\"} 3\n"
      "h_bucket{a=\"x\",le=\"+Inf\"} 5\n"
      "h_sum{a=\"x\"} 1234.5\n"
      "h_count{a=\"x\"} 5\n");
}

TEST(TextWriter, WritesTheInfiniteBucketOnce) {
  EXPECT_EQ(TextSamples(
                {"h", MetricType::kHistogram, "", ""},
                {.histogram = {.count = 5,
                               .buckets = {{.upper_bound = std::numeric_limits<double>::infinity(),
                                            .cumulative_count = 5}}}}),
            "h_bucket{le=\"+Inf\"} 5\nh_sum 0\nh_count 5\n");
}

TEST(TextWriter, LeavesOutWhatTheFormatCannotSay) {
  EXPECT_EQ(
      TextSamples(
          {"h", MetricType::kHistogram, "", ""},
          {.histogram = {.count = 1,
                         .sum = 3,
                         .buckets = {{.upper_bound = 5,
                                      .cumulative_count = 1,
                                      .exemplar = Exemplar{.labels = {{"id", "x"}}, .value = 3}}},
                         .native = NativeBuckets{.schema = 3,
                                                 .zero_threshold = 0x1p-128,
                                                 .buckets = {{.index = 13, .count = 1}}}}}),
      "h_bucket{le=\"5\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 3\nh_count 1\n");
}

TEST(TextWriter, CallsAGaugeHistogramAHistogram) {
  std::string out;
  TextWriter().BeginFamily({"h", MetricType::kGaugeHistogram, "", ""}, out);
  EXPECT_EQ(out, "# HELP h \n# TYPE h histogram\n");
}

}  // namespace
}  // namespace telnyx_exporter
