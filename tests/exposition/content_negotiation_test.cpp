#include "exposition/content_negotiation.h"

#include <string>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace telnyx_exporter {
namespace {

constexpr ExpositionFormat kText = ExpositionFormat::kText;
constexpr ExpositionFormat kOpenMetrics = ExpositionFormat::kOpenMetrics;
constexpr ExpositionFormat kProtobuf = ExpositionFormat::kProtobuf;

struct AcceptCase {
  const char* description;
  const char* accept;
  ExpositionFormat format;
  const char* escaping = "";  // at the end of the Content-Type
};

class NegotiateExpositionTest : public ::testing::TestWithParam<AcceptCase> {};

TEST_P(NegotiateExpositionTest, ChoosesTheFormat) {
  const auto negotiated = NegotiateExposition(GetParam().accept);
  EXPECT_EQ(negotiated.format, GetParam().format) << GetParam().description;
  EXPECT_EQ(negotiated.content_type,
            std::string(ContentTypeOf(GetParam().format)) + GetParam().escaping)
      << GetParam().description;
}

INSTANTIATE_TEST_SUITE_P(
    OtherClients, NegotiateExpositionTest,
    ::testing::Values(
        AcceptCase{"curl", "*/*", kText},
        AcceptCase{"Firefox",
                   "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
                   "*/*;q=0.8",
                   kText},
        AcceptCase{"Chromium",
                   "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
                   "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
                   kText},
        AcceptCase{"Java's HttpURLConnection",
                   "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", kText},
        AcceptCase{"Go's protobuf clients of old",
                   "application/vnd.google.protobuf; proto=\"io.prometheus.client.MetricFamily\"; "
                   "encoding=\"delimited\"",
                   kProtobuf}));

INSTANTIATE_TEST_SUITE_P(
    Rules, NegotiateExpositionTest,
    ::testing::Values(
        AcceptCase{"no version is any", "application/openmetrics-text", kOpenMetrics},
        AcceptCase{"the larger weight", "text/plain;q=0.2,application/openmetrics-text;q=0.3",
                   kOpenMetrics},
        AcceptCase{"the first of equals", "text/plain,application/openmetrics-text", kText},
        AcceptCase{"the first of equals, the other way", "application/openmetrics-text,text/plain",
                   kOpenMetrics},
        AcceptCase{"a name before a wildcard", "*/*,application/openmetrics-text", kOpenMetrics},
        AcceptCase{"a wildcard with more weight", "application/openmetrics-text;q=0.5,*/*;q=0.8",
                   kText},
        AcceptCase{"a wildcard of text", "application/openmetrics-text;q=0.5,text/*", kText},
        AcceptCase{"what is named is not judged by a wildcard",
                   "text/plain;q=0.1,*/*,application/openmetrics-text;q=0.5", kOpenMetrics},
        AcceptCase{"the larger weight of two for one format",
                   "text/plain;version=0.0.4;q=0.4,application/openmetrics-text;q=0.5,"
                   "text/plain;q=0.6",
                   kText},
        AcceptCase{"any case, blanks anywhere",
                   " Application/OpenMetrics-Text ; VERSION = 1.0.0 ; Q = 0.5 , text/plain;q=0.4 ",
                   kOpenMetrics},
        AcceptCase{"a weight of nothing", "application/openmetrics-text;q=0,text/plain;q=0.1",
                   kText},
        AcceptCase{"quotes hold separators",
                   "application/openmetrics-text;note=\"a,b;c\\\",\";version=\"1.0.0\";q=0.5",
                   kOpenMetrics},
        AcceptCase{"an unknown escaping", "application/openmetrics-text;escaping=shouting",
                   kOpenMetrics},
        AcceptCase{"text with escaping", "text/plain;version=0.0.4;escaping=allow-utf-8", kText,
                   "; escaping=allow-utf-8"}));

INSTANTIATE_TEST_SUITE_P(
    Odd, NegotiateExpositionTest,
    ::testing::Values(
        AcceptCase{"nothing", "", kText}, AcceptCase{"blanks", " \t ", kText},
        AcceptCase{"separators", ",;,=;/,,", kText}, AcceptCase{"half a type", "text", kText},
        AcceptCase{"other types only", "application/json", kText},
        AcceptCase{"other versions only", "application/openmetrics-text;version=2.0.0", kText},
        AcceptCase{"text refused", "text/plain;q=0,*/*;q=0", kText},
        AcceptCase{"protobuf of another message",
                   "application/vnd.google.protobuf;proto=x;encoding=delimited", kText},
        AcceptCase{"protobuf without its parameters", "application/vnd.google.protobuf", kText},
        AcceptCase{"protobuf in another encoding",
                   "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                   "encoding=text",
                   kText},
        AcceptCase{"applications of any kind", "application/*", kText},
        AcceptCase{"a weight that cannot be read", "application/openmetrics-text;q=high", kText},
        AcceptCase{"a weight above 1", "application/openmetrics-text;q=2", kText},
        AcceptCase{"a quote without its end", "application/openmetrics-text;version=\"1.0.0",
                   kText},
        AcceptCase{"bytes", "\xff\xfe\x01/\xff;\xff=\xff", kText}));

ExpositionFormat FormatNamed(const std::string& name) {
  if (name == "openmetrics") return kOpenMetrics;
  return name == "protobuf" ? kProtobuf : kText;
}

// The headers of the scrapers that docs/metrics.md names, each with where it was seen.
TEST(NegotiateExposition, GivesEveryScraperItsFormat) {
  const YAML::Node scrapers = YAML::LoadFile("exposition/scrapers.yml");
  ASSERT_GT(scrapers.size(), 40);
  for (const YAML::Node& scraper : scrapers) {
    SCOPED_TRACE(YAML::Dump(scraper));
    const ExpositionFormat format = FormatNamed(scraper["format"].as<std::string>());
    const auto escaping = scraper["escaping"].as<std::string>("");
    const auto negotiated = NegotiateExposition(scraper["accept"].as<std::string>());
    EXPECT_EQ(negotiated.format, format);
    EXPECT_EQ(negotiated.content_type, std::string(ContentTypeOf(format)) +
                                           (escaping.empty() ? "" : "; escaping=" + escaping));
  }
}

TEST(AcceptsGzip, WhenItIsNamed) {
  EXPECT_TRUE(AcceptsGzip("gzip"));
  EXPECT_TRUE(AcceptsGzip("x-gzip"));
  EXPECT_TRUE(AcceptsGzip("deflate, GZip;q=0.5, br"));
  EXPECT_TRUE(AcceptsGzip("*"));
  EXPECT_TRUE(AcceptsGzip("identity;q=0.5, *;q=0.8"));
}

TEST(AcceptsGzip, NotWhenItIsNot) {
  EXPECT_FALSE(AcceptsGzip(""));
  EXPECT_FALSE(AcceptsGzip("identity"));
  EXPECT_FALSE(AcceptsGzip("br, deflate"));
  EXPECT_FALSE(AcceptsGzip("gzipped"));
}

TEST(AcceptsGzip, HonoursWeights) {
  EXPECT_FALSE(AcceptsGzip("gzip;q=0"));
  EXPECT_FALSE(AcceptsGzip("gzip; q=0.000, *"));
  EXPECT_FALSE(AcceptsGzip("*;q=0"));
  EXPECT_FALSE(AcceptsGzip("identity, gzip;q=0.5"));
  EXPECT_TRUE(AcceptsGzip("identity;q=0.5, gzip;q=0.5"));
  EXPECT_TRUE(AcceptsGzip("gzip ; Q=1.0"));
}

TEST(AcceptsGzip, TakesAnUnreadableWeightForNone) {
  for (const char* text :
       {"gzip;q=", "gzip;q=x", "gzip;q=2", "gzip;q=-1", "gzip;q=1e0", "gzip;q=nan"}) {
    EXPECT_FALSE(AcceptsGzip(text)) << text;
  }
}

TEST(AcceptsGzip, BearsAnything) {
  for (const char* text : {",", ";", "=", ";q=1", "gzip;;;q", ",,,;;;===", "\xff\xfe"}) {
    AcceptsGzip(text);
  }
  EXPECT_TRUE(AcceptsGzip("gzip;;"));
}

}  // namespace
}  // namespace telnyx_exporter
