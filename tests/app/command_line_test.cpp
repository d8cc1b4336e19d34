#include "app/command_line.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using ::testing::AnyOf;
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
  EXPECT_EQ(parsed->config_check, ConfigCheck::kNone);
  EXPECT_EQ(parsed->healthcheck, HealthCheck::kNone);
  EXPECT_FALSE(parsed->config_file_given);
  EXPECT_EQ(parsed->max_requests, 40U);
  EXPECT_TRUE(parsed->enable_lifecycle);
  EXPECT_FALSE(parsed->probes_without_auth);
  EXPECT_FALSE(parsed->openmetrics_created);
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

TEST(ParseCommandLine, RefusesAnAddressThatIsNone) {
  for (const char* address :
       {"", "10035", "localhost", "localhost:http", ":65536", "::1:80", "[::1]"}) {
    const std::string flag = std::string("--web.listen-address=") + address;
    const auto parsed = Parse({"--web.listen-address=:1", flag.c_str()});
    ASSERT_FALSE(parsed.has_value()) << address;
    const auto refused = [](const std::string& shown) {
      return HasSubstr("telnyx_exporter: --web.listen-address: \"" + shown +
                       "\" is not an address to listen on: write HOST:PORT, [V6]:PORT or :PORT");
    };
    std::string without_brackets = address;  // newer versions of CLI11 take them for a list's
    std::erase_if(without_brackets, [](char c) { return c == '[' || c == ']'; });
    EXPECT_THAT(parsed.error().text, AnyOf(refused(address), refused(without_brackets)));
    EXPECT_EQ(parsed.error().exit_code, kExitWrongUsage);
  }
}

TEST(ParseCommandLine, RefusesAnAddressThatIsGivenTwice) {
  const auto parsed =
      Parse({"--web.listen-address=:1", "--web.listen-address=:2", "--web.listen-address=:1"});
  ASSERT_FALSE(parsed.has_value());
  EXPECT_THAT(parsed.error().text, HasSubstr("--web.listen-address: :1 is given twice"));
  EXPECT_TRUE(Parse({"--web.listen-address=:0", "--web.listen-address=:0"}).has_value());
}

TEST(ParseCommandLine, TakesTheWebServersFlags) {
  const auto parsed = Parse({"--web.config.file=web.yml", "--web.systemd-socket"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->web_config_file, "web.yml");
  EXPECT_TRUE(parsed->systemd_socket);
}

TEST(ParseCommandLine, TakesTheWebServersSwitches) {
  const auto parsed = Parse({"--web.max-requests=0", "--no-web.enable-lifecycle",
                             "--web.probes-without-auth", "--web.openmetrics-created"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->max_requests, 0U);
  EXPECT_FALSE(parsed->enable_lifecycle);
  EXPECT_TRUE(parsed->probes_without_auth);
  EXPECT_TRUE(parsed->openmetrics_created);
  EXPECT_TRUE(Parse({"--web.enable-lifecycle"})->enable_lifecycle);
  EXPECT_TRUE(Parse({"--web.enable-lifecycle=true"})->enable_lifecycle);
  EXPECT_FALSE(Parse({"--web.enable-lifecycle=false"})->enable_lifecycle);
  EXPECT_EQ(Parse({"--web.max-requests=-1"}).error().exit_code, kExitWrongUsage);
}

TEST(ParseCommandLine, TakesTheValueOfAFlagThatWorksWithoutOne) {
  EXPECT_EQ(Parse({"--config.check"})->config_check, ConfigCheck::kFiles);
  EXPECT_EQ(Parse({"--config.check=syntax"})->config_check, ConfigCheck::kSyntax);
  EXPECT_EQ(Parse({"--healthcheck"})->healthcheck, HealthCheck::kHealthy);
  EXPECT_EQ(Parse({"--healthcheck=ready"})->healthcheck, HealthCheck::kReady);
  EXPECT_EQ(Parse({"--config.check=x"}).error().exit_code, kExitWrongUsage);
  EXPECT_EQ(Parse({"--healthcheck", "ready"}).error().exit_code, kExitWrongUsage);
}

TEST(ParseCommandLine, TakesAnEmptyValue) {
  const auto parsed = Parse({"--web.config.file=", "--once"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->web_config_file, "");
  EXPECT_TRUE(parsed->once);
  EXPECT_EQ(Parse({"--web.config.file", ""})->web_config_file, "");
}

TEST(ParseCommandLine, IgnoresCaseInTheLogsFlags) {
  const auto parsed = Parse({"--log.level=WARN", "--log.format=JSON"});
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->log_level, LogLevel::kWarn);
  EXPECT_EQ(parsed->log_format, LogFormat::kJson);
}

TEST(ParseCommandLine, KnowsWhetherAConfigurationFileWasNamed) {
  EXPECT_TRUE(Parse({"--config.file=/etc/telnyx_exporter/telnyx_exporter.yml"})->config_file_given);
}

TEST(ParseCommandLine, RefusesATelemetryPathThatHidesAnotherPage) {
  for (const char* path : {"",
                           "metrics",
                           "/",
                           "//",
                           "/.",
                           "/config",
                           "/config/",
                           "//config",
                           "/./connection",
                           "/a/../config",
                           "/-",
                           "/-/ready",
                           "/-/mine",
                           "/static",
                           "/static/metrics",
                           "/%63onfig",
                           "/metrics?a",
                           "/metrics#a",
                           "/a b",
                           "/m\xc3\xa4",
                           "/a\\b"}) {
    const std::string flag = std::string("--web.telemetry-path=") + path;
    const auto parsed = Parse({flag.c_str()});
    ASSERT_FALSE(parsed.has_value()) << path;
    EXPECT_THAT(parsed.error().text, HasSubstr("--web.telemetry-path: "));
    EXPECT_EQ(parsed.error().exit_code, kExitWrongUsage);
  }
  for (const char* path :
       {"/prom", "/configuration", "/a/config", "/metrics/", "/staticx", "/-x"}) {
    const std::string flag = std::string("--web.telemetry-path=") + path;
    EXPECT_TRUE(Parse({flag.c_str()}).has_value()) << path;
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

TEST(ParseCommandLine, ReadsNumbersAsDecimalOnes) {
  EXPECT_EQ(Parse({"--total-shards=010"})->shard.total, 10U);
  EXPECT_EQ(Parse({"--web.max-requests=0099"})->max_requests, 99U);
  for (const char* number : {"", "0x10", "-18446744073709551614", "-1", "+2", " 2", "2 ", "1e1",
                             "2.0", "18446744073709551618"}) {
    for (const std::string flag : {"--total-shards", "--web.max-requests"}) {
      const auto parsed = Parse({flag.c_str(), number});
      ASSERT_FALSE(parsed.has_value()) << flag << " " << number;
      EXPECT_EQ(parsed.error().exit_code, kExitWrongUsage);
      const std::string equals = flag + "=" + number;
      EXPECT_FALSE(Parse({equals.c_str()}).has_value()) << equals;
    }
  }
  EXPECT_THAT(Parse({"--total-shards=0x10"}).error().text,
              HasSubstr("--total-shards: \"0x10\" is not an integer from 1 to 1000"));
}

TEST(ParseCommandLine, RefusesEmptyValues) {
  for (const char* flag :
       {"--config.file", "--web.listen-address", "--web.telemetry-path", "--shard",
        "--total-shards", "--web.max-requests", "--log.level", "--log.format"}) {
    const std::string equals = std::string(flag) + "=";
    const auto parsed = Parse({equals.c_str()});
    ASSERT_FALSE(parsed.has_value()) << flag;
    EXPECT_EQ(parsed.error().exit_code, kExitWrongUsage) << flag;
    EXPECT_THAT(parsed.error().text, HasSubstr(std::string("telnyx_exporter: ") + flag + ": "));
  }
  for (const char* flag : {"--config.check=", "--healthcheck=", "--once=", "--web.systemd-socket=",
                           "--web.enable-lifecycle=", "--version="}) {
    EXPECT_EQ(Parse({flag}).error().exit_code, kExitWrongUsage) << flag;
  }
  EXPECT_EQ(Parse({"--config.file="}).error().text,
            "telnyx_exporter: --config.file: is empty: name a file or remove the flag\n"
            "Run with --help for the flags.\n");
}

TEST(ParseCommandLine, DoesOneThingOnly) {
  for (const auto& [one, other] :
       {std::pair("--once", "--config.check"), std::pair("--healthcheck=ready", "--once"),
        std::pair("--config.check=syntax", "--healthcheck")}) {
    const auto parsed = Parse({one, other});
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().exit_code, kExitWrongUsage);
    EXPECT_THAT(parsed.error().text,
                HasSubstr("--config.check, --healthcheck and --once: use one of them"));
  }
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
