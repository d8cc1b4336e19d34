#include "app/check_config.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> Lines(const std::vector<ConfigMessage>& messages) {
  std::vector<std::string> lines;
  for (const auto& message : messages) lines.push_back(FormatConfigMessage("c.yml", message));
  return lines;
}

class CheckConfigFilesTest : public ::testing::Test {
 protected:
  // The findings about one account with these settings, a line each.
  ConfigFindings Check(const std::string& settings) {
    const auto loaded = LoadConfigFile(
        directory_.Write("c.yml", "accounts:\n  - connections: [{id: 1}]\n" + settings));
    EXPECT_TRUE(loaded.has_value()) << Lines(loaded.error()).front();
    return loaded ? CheckConfigFiles(loaded->config) : ConfigFindings{};
  }

  TempDir directory_;
};

TEST_F(CheckConfigFilesTest, RefusesAMissingKeyFileByItsPlace) {
  const auto findings = Check("    api_key_file: ./key\n");
  EXPECT_THAT(
      Lines(findings.errors),
      ElementsAre("c.yml:3:19: accounts[0].api_key_file: ./key cannot be read: No such file "
                  "or directory"));
}

TEST_F(CheckConfigFilesTest, ShowsNoPastedKey) {
  EXPECT_THAT(Lines(Check("    api_key_file: KEY0123_secret\n").errors),
              ElementsAre("c.yml:3:19: accounts[0].api_key_file: the file that it names cannot be "
                          "read: No such file or "
                          "directory"));
  EXPECT_THAT(Lines(Check("    api_key_env: KEY0123_secret\n").warnings),
              ElementsAre("c.yml:3:18: accounts[0].api_key_env: the environment variable that it "
                          "names is not set: it must hold the API "
                          "key"));
}

TEST_F(CheckConfigFilesTest, ReadsFilesRelativeToTheConfiguration) {
  std::filesystem::permissions(directory_.Write("key", "KEY0123\n"), std::filesystem::perms(0600));
  const auto findings = Check("    api_key_file: key\n");
  EXPECT_THAT(findings.errors, IsEmpty());
  EXPECT_THAT(findings.warnings, IsEmpty());
}

TEST_F(CheckConfigFilesTest, LooksIntoKeyFiles) {
  const std::string path = directory_.Write("key", "\"KEY0123\"\n");
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  EXPECT_THAT(Lines(Check("    api_key_file: ./key\n").errors),
              ElementsAre("c.yml:3:19: accounts[0].api_key_file: ./key contains a quotation mark: "
                          "write the API key without quotes"));
  std::filesystem::permissions(directory_.Write("key", "KEY0123"), std::filesystem::perms(0660));
  EXPECT_THAT(Lines(Check("    api_key_file: ./key\n").warnings),
              ElementsAre("c.yml:3:19: accounts[0].api_key_file: ./key is group-writable (mode "
                          "0660): use chmod g-w"));
}

TEST_F(CheckConfigFilesTest, WarnsOfAnUnsetVariable) {
  unsetenv("TELNYX_API_KEY");
  const auto findings = Check("");
  EXPECT_THAT(findings.errors, IsEmpty());
  EXPECT_THAT(Lines(findings.warnings),
              ElementsAre("c.yml: the environment variable TELNYX_API_KEY is not set: it must hold "
                          "the API key"));
  setenv("TELNYX_API_KEY", "KEY0123", 1);
  EXPECT_THAT(Check("").warnings, IsEmpty());
}

TEST_F(CheckConfigFilesTest, RefusesAVariableThatHoldsNoKey) {
  setenv("TELNYX_API_KEY", "\"KEY0123\"", 1);
  const auto findings = Check("");
  EXPECT_THAT(Lines(findings.errors),
              ElementsAre("c.yml: the environment variable TELNYX_API_KEY contains a quotation "
                          "mark: write the API key without quotes"));
  EXPECT_THAT(findings.warnings, IsEmpty());
}

TEST_F(CheckConfigFilesTest, RefusesACaFileThatCannotBeUsed) {
  setenv("TELNYX_API_KEY", "KEY0123", 1);
  EXPECT_THAT(Lines(Check("    tls: {ca_file: /no/such/ca.pem}\n").errors),
              ElementsAre("c.yml:3:20: accounts[0].tls.ca_file: /no/such/ca.pem cannot be read: No "
                          "such file or directory"));
  EXPECT_THAT(
      Lines(Check("    tls: {ca_file: /dev/zero}\n").errors),
      ElementsAre("c.yml:3:20: accounts[0].tls.ca_file: /dev/zero is a device: it must be a "
                  "regular file"));
  const std::string path = directory_.Write("ca.pem", "nothing");
  EXPECT_THAT(Lines(Check("    tls: {ca_file: ca.pem}\n").errors),
              ElementsAre("c.yml:3:20: accounts[0].tls.ca_file: " + path +
                          " is not a file of PEM certificates: No certificate was found."));
}

TEST_F(CheckConfigFilesTest, RefusesAProxyOfTheEnvironmentThatIsNone) {
  const auto loaded = LoadConfigFile(directory_.Write(
      "c.yml", "accounts:\n  - connections: [{id: 1}]\n    proxy_from_environment: true\n"));
  ASSERT_TRUE(loaded.has_value());
  const auto read = [](const std::string& name) -> std::optional<std::string> {
    if (name == "HTTPS_PROXY") return "http://user:secret@proxy:99999";
    return std::nullopt;
  };
  EXPECT_THAT(Lines(CheckConfigFiles(loaded->config, read).errors),
              ElementsAre("c.yml: account default: the environment variable HTTPS_PROXY is not a "
                          "proxy's address: write http://HOST:PORT, https://, socks5:// or "
                          "socks5h://"));
}

Config WithConnections(std::size_t count) {
  Config config{.accounts = {{.name = "main"}}};
  for (std::size_t i = 0; i < count; ++i) {
    config.accounts[0].connections.push_back({.id = std::to_string(i)});
  }
  return config;
}

TEST(FindBudgetWarnings, RoundsUpOnlyWhatIsNotExact) {
  Config config = WithConnections(1350);
  config.poll.interval = std::chrono::minutes(1);
  EXPECT_THAT(
      FindBudgetWarnings(config, {}),
      ElementsAre(::testing::HasSubstr("every 1m need 22.5 requests/s; rate_limit allows 10: ")));
}

TEST(FindBudgetWarnings, SaysWhatIsNeededWhatIsAllowedAndTheRemedy) {
  EXPECT_THAT(
      FindBudgetWarnings(WithConnections(300), {}),
      ElementsAre("account main: 300 connections every 15s need 20 requests/s; rate_limit "
                  "allows 10: raise rate_limit.requests_per_second to 20 or the interval to "
                  "30s"));
  EXPECT_THAT(FindBudgetWarnings(WithConnections(150), {}), IsEmpty());
  EXPECT_THAT(FindBudgetWarnings(WithConnections(151), {}),
              ElementsAre("account main: 151 connections every 15s need 10.07 requests/s; "
                          "rate_limit allows 10: raise rate_limit.requests_per_second to 11 or the "
                          "interval to 16s"));
}

TEST(FindBudgetWarnings, SaysThatIdleConnectionsNeedLess) {
  Config config = WithConnections(151);
  config.accounts[0].connections[7].idle_interval = 1min;
  const auto warns = ElementsAre(
      HasSubstr("151 connections every 15s, unless idle, need 10.07 requests/s; rate_limit"));
  EXPECT_THAT(FindBudgetWarnings(config, {}), warns);
  config.accounts[0].connections[7].idle_interval.reset();
  config.poll.idle_interval = 1min;
  EXPECT_THAT(FindBudgetWarnings(config, {}), warns);
  config.poll.idle_interval = 15s;
  EXPECT_THAT(FindBudgetWarnings(config, {}), ElementsAre(Not(HasSubstr("unless idle"))));
}

TEST(FindBudgetWarnings, NamesTheIdleIntervalThatMustNotBeShorter) {
  Config config = WithConnections(100);
  config.poll.interval = 5s;
  config.poll.idle_interval = 8s;
  EXPECT_THAT(FindBudgetWarnings(config, {}),
              ElementsAre(::testing::EndsWith("the interval to 10s, poll.idle_interval with it")));
  config.poll.idle_interval = 10s;
  EXPECT_THAT(FindBudgetWarnings(config, {}), ElementsAre(Not(HasSubstr("with it"))));
}

TEST(FindBudgetWarnings, CountsEachConnectionsOwnInterval) {
  Config config = WithConnections(20);
  for (std::size_t i = 0; i < 15; ++i) config.accounts[0].connections[i].interval = 1s;
  EXPECT_THAT(FindBudgetWarnings(config, {}),
              ElementsAre("account main: 20 connections need 15.34 requests/s; rate_limit allows "
                          "10: raise rate_limit.requests_per_second to 16 or the intervals by a "
                          "factor of 1.54"));
}

TEST(FindBudgetWarnings, NamesNoRateThatIsNotAllowed) {
  Config config = WithConnections(1500);
  config.poll.interval = 1s;
  EXPECT_THAT(
      FindBudgetWarnings(config, {}),
      ElementsAre("account main: 1500 connections every 1s need 1500 requests/s; rate_limit "
                  "allows 10: raise the interval to 2m30s"));
}

TEST(FindBudgetWarnings, NamesNoIntervalThatIsNotAllowed) {
  Config config = WithConnections(3);
  config.accounts[0].rate_limit.requests_per_second = 1e-7;
  EXPECT_THAT(FindBudgetWarnings(config, {}),
              ElementsAre("account main: 3 connections every 15s need 0.2 requests/s; rate_limit "
                          "allows 1e-07: raise rate_limit.requests_per_second to 1"));
  config.accounts[0].rate_limit.requests_per_second = 1e-300;
  config.accounts[0].connections[0].interval = 1s;
  EXPECT_THAT(FindBudgetWarnings(config, {}),
              ElementsAre("account main: 3 connections need 1.14 requests/s; rate_limit allows "
                          "1e-300: raise rate_limit.requests_per_second to 2"));
}

TEST(FindBudgetWarnings, SaysThatValuesAreMissingWhereTheyAreNotKeptUntilTheNextPoll) {
  Config config = WithConnections(300);
  config.poll.stale_after = 20s;
  EXPECT_THAT(FindBudgetWarnings(config, {}),
              ElementsAre(::testing::EndsWith("or the interval to 30s; values are shown for "
                                              "poll.stale_after, 20s, so some are always "
                                              "missing")));
  config.poll.stale_after = 30s;
  EXPECT_THAT(FindBudgetWarnings(config, {}),
              ElementsAre(::testing::EndsWith("or the interval to 30s")));
}

TEST(FindBudgetWarnings, CountsTheListsOfAnAccountWithoutConnectionsToo) {
  Config config = WithConnections(0);
  config.accounts[0].discovery.enabled = true;
  config.accounts[0].discovery.refresh_interval = 10s;
  config.accounts[0].rate_limit.requests_per_second = 0.05;
  EXPECT_THAT(FindBudgetWarnings(config, {}),
              ElementsAre("account main: reading its lists needs 0.1 requests/s; rate_limit allows "
                          "0.05: raise rate_limit.requests_per_second to 1 or the intervals by a "
                          "factor of 2"));
}

TEST(FindBudgetWarnings, AdvisesFewerConnectionsWhereNothingElseHelps) {
  Config config = WithConnections(1500);
  config.poll.interval = 1s;
  config.accounts[0].rate_limit.requests_per_second = 0.001;
  EXPECT_THAT(
      FindBudgetWarnings(config, {}),
      ElementsAre("account main: 1500 connections every 1s need 1500 requests/s; rate_limit "
                  "allows 0.001: poll fewer connections"));
}

TEST(FindBudgetWarnings, ComparesAShardWithItsPart) {
  const Config config = WithConnections(300);
  const Shard shard{.index = 0, .total = 2};
  std::size_t owned = 0;
  for (const auto& connection : config.accounts[0].connections) {
    if (shard.Owns("main", connection.id)) ++owned;
  }
  const auto warnings = FindBudgetWarnings(config, shard);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0], ::testing::StartsWith("account main: " + std::to_string(owned) +
                                                 " connections of this shard every 15s need "));
  EXPECT_THAT(warnings[0], ::testing::HasSubstr("; this shard's part of rate_limit allows 5: "));
}

TEST(FindBudgetWarnings, CountsDiscoverysShare) {
  Config config = WithConnections(150);
  config.accounts[0].discovery = {.enabled = true, .refresh_interval = 10s};
  EXPECT_EQ(FindBudgetWarnings(config, {}).size(), 1U);
}

TEST(FindConfigWarnings, WarnsOfAProxyThatNothingUses) {
  Config config{.accounts = {{.name = "a"},
                             {.name = "b", .proxy_from_environment = true},
                             {.name = "c", .proxy_url = Secret("http://p:1")},
                             {.name = "d", .base_url = "http://127.0.0.1:8080/v2"},
                             {.name = "e", .base_url = "https://exempt.example/v2"}}};
  const auto read = [](const std::string& name) -> std::optional<std::string> {
    if (name == "https_proxy") return "http://user:secret@p:1";
    if (name == "NO_PROXY") return "exempt.example";
    return std::nullopt;
  };
  EXPECT_THAT(FindConfigWarnings(config, {}, read),
              ElementsAre("account a: HTTPS_PROXY is set but not used: set proxy_from_environment: "
                          "true or proxy_url"));
  EXPECT_THAT(FindConfigWarnings(config, {}, [](const std::string&) { return std::nullopt; }),
              IsEmpty());
}

}  // namespace
}  // namespace telnyx_exporter
