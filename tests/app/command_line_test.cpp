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
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data(),
                          "telnyx-exporter-2");
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

TEST(ParseCommandLine, TakesTheShardAndHowManyThereAre) {
  EXPECT_EQ(Parse({})->shard, (Shard{.index = 0, .total = 1}));
  EXPECT_EQ(Parse({"--shard=1", "--total-shards=3"})->shard, (Shard{.index = 1, .total = 3}));
  EXPECT_EQ(Parse({"--shard=auto", "--total-shards=3"})->shard, (Shard{.index = 2, .total = 3}));
}

TEST(ParseCommandLine, RefusesAShardThatIsNone) {
  const auto message = [](std::vector<const char*> arguments) {
    const std::string text = Parse(std::move(arguments)).error().text;
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(message({"--shard=3", "--total-shards=3"}),
            "telnyx_exporter: --shard: \"3\" is not a number below --total-shards=3, nor auto");
  EXPECT_EQ(message({"--shard=x"}),
            "telnyx_exporter: --shard: \"x\" is not a number below --total-shards=1, nor auto");
  EXPECT_EQ(message({"--shard=auto"}),
            "telnyx_exporter: --shard: \"2\" is not a number below --total-shards=1, nor auto");
  EXPECT_EQ(Parse({"--total-shards=0"}).error().exit_code, kExitWrongUsage);
}

TEST(ParseCommandLine, SaysWhatAHostNameMustLookLikeForAutomaticShards) {
  const char* arguments[] = {"telnyx_exporter", "--shard=auto", "--total-shards=2"};
  for (const std::string_view host : {"exporter", "exporter-", "exporter-x", ""}) {
    const auto parsed = ParseCommandLine(3, arguments, host);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_THAT(parsed.error().text, HasSubstr("--shard: the host name \"" + std::string(host) +
                                               "\" does not end in a dash and a number"));
  }
}

}  // namespace
}  // namespace telnyx_exporter
