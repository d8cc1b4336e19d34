#include "base/units.h"

#include <chrono>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, ReadsEveryUnit) {
  EXPECT_EQ(ParseDuration("500ms"), Duration(500ms));
  EXPECT_EQ(ParseDuration("15s"), Duration(15s));
  EXPECT_EQ(ParseDuration("5m"), Duration(5min));
  EXPECT_EQ(ParseDuration("4h"), Duration(4h));
  EXPECT_EQ(ParseDuration("2d"), Duration(48h));
  EXPECT_EQ(ParseDuration("1w"), Duration(168h));
  EXPECT_EQ(ParseDuration("1y"), Duration(8760h));
}

TEST(ParseDuration, AddsUnitsFromLargeToSmall) {
  EXPECT_EQ(ParseDuration("1m30s"), Duration(90s));
  EXPECT_EQ(ParseDuration("1h0m5s250ms"), Duration(1h + 5s + 250ms));
}

TEST(ParseDuration, ReadsZeroWithoutUnit) { EXPECT_EQ(ParseDuration("0"), Duration::zero()); }

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* text : {"", "5", "5x", "s", "-5s", "5s5s", "5s1m", "1.5s", " 5s", "5s ", "5 s",
                           "5S", "+5s", "0x5s"}) {
    const auto parsed = ParseDuration(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(
        parsed.error().message,
        "\"" + std::string(text) + "\" is not a duration: write it as in 500ms, 15s or 1m30s");
  }
}

TEST(ParseDuration, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ParseDuration("293y").error().message, "\"293y\" is too long a duration");
  EXPECT_EQ(ParseDuration("9223372036854775807h").error().message,
            "\"9223372036854775807h\" is too long a duration");
}

TEST(FormatDuration, WritesWhatParseDurationReads) {
  for (const char* text : {"500ms", "15s", "1m30s", "4h", "1d1h1m1s1ms"}) {
    EXPECT_EQ(FormatDuration(ParseDuration(text).value()), text);
  }
  EXPECT_EQ(FormatDuration(Duration::zero()), "0s");
}

TEST(ParseSize, ReadsEveryUnit) {
  EXPECT_EQ(ParseSize("64B"), 64U);
  EXPECT_EQ(ParseSize("512KiB"), 512U * 1024);
  EXPECT_EQ(ParseSize("4MiB"), 4U * 1024 * 1024);
  EXPECT_EQ(ParseSize("1GiB"), 1024U * 1024 * 1024);
}

TEST(ParseSize, RefusesEverythingElse) {
  for (const char* text : {"", "4", "4MB", "MiB", "-4MiB", "4.5MiB", "4 MiB", "99999999999GiB"}) {
    const auto parsed = ParseSize(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().message,
              "\"" + std::string(text) + "\" is not a size: write it as in 512KiB or 4MiB");
  }
}

TEST(FormatSize, WritesWhatParseSizeReads) {
  for (const char* text : {"0B", "100B", "512KiB", "4MiB", "1GiB"}) {
    EXPECT_EQ(FormatSize(ParseSize(text).value()), text);
  }
}

}  // namespace
}  // namespace telnyx_exporter
