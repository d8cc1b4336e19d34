#include "base/log.h"

#include <limits>

#include <gtest/gtest.h>

#include "support/string_log.h"

namespace telnyx_exporter {
namespace {

const WallTime kTime{std::chrono::milliseconds(1'700'000'000'007)};

TEST(FormatLogLine, WritesLogfmt) {
  EXPECT_EQ(FormatLogLine(LogFormat::kLogfmt, kTime, LogLevel::kWarn, "poll failed",
                          {{"account", "main"},
                           {"status", 503},
                           {"wait_seconds", Duration(std::chrono::milliseconds(1500))},
                           {"retry", true},
                           {"title", "a \"b\"\n=c"},
                           {"empty", ""}}),
            "ts=2023-11-14T22:13:20.007Z level=warn msg=\"poll failed\" account=main status=503 "
            "wait_seconds=1.5 retry=true title=\"a \\\"b\\\"\\n=c\" empty=\"\"");
}

TEST(FormatLogLine, WritesJson) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, kTime, LogLevel::kInfo, "started",
                          {{"a", "x\"y"}, {"n", -1}, {"d", 0.25}, {"t", false}}),
            R"({"ts":"2023-11-14T22:13:20.007Z","level":"info","msg":"started","a":"x\"y","n":-1,)"
            R"("d":0.25,"t":false})");
}

TEST(FormatLogLine, WritesNullForWhatJsonCannotSay) {
  const std::string line = FormatLogLine(LogFormat::kJson, kTime, LogLevel::kInfo, "m",
                                         {{"d", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_TRUE(line.ends_with(R"("d":null})")) << line;
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  StringLog log(LogLevel::kWarn);
  log.log().Info("quiet");
  log.log().Warn("loud");
  EXPECT_EQ(log.text(), "ts=2023-11-14T22:13:20.000Z level=warn msg=loud\n");
}

TEST(ParseLogLevel, IgnoresCase) {
  EXPECT_EQ(ParseLogLevel("WARN"), LogLevel::kWarn);
  EXPECT_EQ(ParseLogLevel("Info"), LogLevel::kInfo);
  EXPECT_EQ(ParseLogFormat("JSON"), LogFormat::kJson);
}

TEST(ParseLogLevel, NamesTheRightOnes) {
  EXPECT_EQ(ParseLogLevel("warn"), LogLevel::kWarn);
  EXPECT_EQ(ParseLogLevel("loud").error().message,
            "\"loud\" is not a log level: use debug, info, warn or error");
  EXPECT_EQ(ParseLogFormat("json"), LogFormat::kJson);
  EXPECT_EQ(ParseLogFormat("xml").error().message,
            "\"xml\" is not a log format: use logfmt or json");
}

}  // namespace
}  // namespace telnyx_exporter
