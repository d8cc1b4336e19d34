#include "app/command_line.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/exit_code.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::expected<CommandLine, CommandLineExit> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "telnyx_exporter");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

TEST(ParseCommandLine, HasTheDocumentedDefaults) {
  const auto parsed = Parse({});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->config_file, "/etc/telnyx_exporter/telnyx_exporter.yml");
  EXPECT_THAT(parsed->listen_addresses, ElementsAre(":10035"));
  EXPECT_EQ(parsed->telemetry_path, "/metrics");
  EXPECT_FALSE(parsed->config_check);
  EXPECT_FALSE(parsed->once);
  EXPECT_EQ(parsed->web_config_file, "");
  EXPECT_FALSE(parsed->systemd_socket);
  EXPECT_EQ(parsed->log_level, LogLevel::kInfo);
  EXPECT_EQ(parsed->log_format, LogFormat::kLogfmt);
}

TEST(ParseCommandLine, ReplacesTheDefaultAddressByAllGivenOnes) {
  const auto parsed =
      Parse({"--web.listen-address", "127.0.0.1:1", "--web.listen-address=[::1]:2", "--once"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_THAT(parsed->listen_addresses, ElementsAre("127.0.0.1:1", "[::1]:2"));
  EXPECT_TRUE(parsed->once);
}

TEST(ParseCommandLine, TakesTheWebServersFlags) {
  const auto parsed = Parse({"--web.config.file=web.yml", "--web.systemd-socket"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->web_config_file, "web.yml");
  EXPECT_TRUE(parsed->systemd_socket);
}

TEST(ParseCommandLine, RefusesWhatIsNotSupportedYet) {
  for (const char* flag : {"--shard=1", "--shard=auto", "--total-shards=2"}) {
    const auto parsed = Parse({flag});
    ASSERT_FALSE(parsed.has_value()) << flag;
    EXPECT_EQ(parsed.error().exit_code, kExitWrongUsage);
    EXPECT_THAT(parsed.error().text, HasSubstr("is not supported yet"));
  }
}

TEST(ParseCommandLine, SaysWhatIsWrongAndWhatWouldBeRight) {
  const auto parsed = Parse({"--log.level=loud"});
  EXPECT_EQ(
      parsed.error().text,
      "telnyx_exporter: --log.level: \"loud\" is not a log level: use debug, info, warn or error\n"
      "Run with --help for the flags.\n");
}

TEST(ParseCommandLine, ExitsWithZeroForHelpAndVersion) {
  EXPECT_EQ(Parse({"--help"}).error().exit_code, kExitStopped);
  EXPECT_EQ(Parse({"--version"}).error().exit_code, kExitStopped);
}

}  // namespace
}  // namespace telnyx_exporter
