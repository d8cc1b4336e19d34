#include "config/config.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config_messages.h"
#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

class InvalidConfig : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(InvalidConfig, IsRefusedWithEveryErrorAndItsPlace) {
  const std::string file = GetParam().filename().string();
  const std::string text = ReadFile(GetParam());
  const auto expected = ExpectedLines(file, text);
  ASSERT_THAT(expected, Not(IsEmpty()));
  const auto loaded = ParseConfig(text);
  ASSERT_FALSE(loaded.has_value());
  auto lines = FormatConfigMessages(file, loaded.error());
  EXPECT_THAT(lines, ::testing::UnorderedElementsAreArray(expected));
  for (const std::string& line : lines) EXPECT_THAT(line, Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(Files, InvalidConfig, ::testing::ValuesIn(InvalidFiles("config/data")),
                         [](const auto& parameter) { return TestName(parameter.param); });

TEST(ParseConfig, ReportsErrorsInTheOrderOfTheFile) {
  const auto loaded =
      ParseConfig("accounts: [{connections: []}]\npoll: {interval: x, timeout: y}\n");
  ASSERT_FALSE(loaded.has_value());
  std::vector<std::string> paths;
  for (const ConfigMessage& message : loaded.error()) paths.push_back(message.path);
  EXPECT_THAT(paths, ElementsAre("accounts[0].connections", "poll.interval", "poll.timeout"));
}

TEST(ParseConfig, ReadsEverything) {
  const auto loaded = ParseConfig(ReadFile("config/data/full.yml"));
  ASSERT_TRUE(loaded.has_value()) << FormatConfigMessages("", loaded.error()).front();
  const Config& config = loaded->config;
  EXPECT_EQ(config.poll, (PollConfig{.interval = 10s,
                                     .timeout = 8s,
                                     .stale_after = 70s,
                                     .idle_interval = 60s,
                                     .peak_window = 2min,
                                     .page_limit = 100,
                                     .max_pages = 400,
                                     .max_concurrent_requests = 16,
                                     .max_response_size = 2U << 20U}));
  EXPECT_THAT(config.duration_buckets, ElementsAre(5, 15.5, 60));
  EXPECT_THAT(config.long_call_thresholds, ElementsAre(90s, 1h));
  ASSERT_EQ(config.accounts.size(), 2U);
  const AccountConfig& main = config.accounts[0];
  EXPECT_EQ(main.name, "main");
  EXPECT_EQ(main.api_key.kind, ApiKeySource::Kind::kFile);
  EXPECT_EQ(main.api_key.name, "/run/secrets/telnyx_api_key");
  EXPECT_EQ(main.base_url, "https://api.telnyx.com/v2");
  EXPECT_EQ(main.rate_limit, (RateLimitConfig{.requests_per_second = 2.5, .burst = 7}));
  EXPECT_EQ(main.tls, (TlsConfig{.ca_file = "/etc/ca.pem", .server_name = "api.internal"}));
  EXPECT_EQ(main.proxy_url.reveal(), "http://user:KEYsecret@proxy:3128");
  ASSERT_EQ(main.connections.size(), 2U);
  EXPECT_EQ(main.connections[0], (ConnectionConfig{.id = "1293384261075731461",
                                                   .name = "support",
                                                   .labels = {{"team", "voice"}, {"zone", "eu"}},
                                                   .interval = 5s,
                                                   .idle_interval = 70s,
                                                   .channel_limit = 100}));
  EXPECT_EQ(main.discovery.refresh_interval, Duration(10min));
  EXPECT_EQ(main.discovery.max_connections, 500U);
  EXPECT_THAT(main.discovery.include.record_type, ElementsAre("call_control_application"));
  EXPECT_EQ(main.discovery.exclude.name, ".*-test");
  EXPECT_TRUE(main.discovery.channel_limits);
  EXPECT_EQ(config.accounts[1].api_key.inline_key.reveal(), "KEYsecret");
  EXPECT_TRUE(config.accounts[1].proxy_from_environment);
}

TEST(ParseConfig, KeepsEveryCharacterOfABareId) {
  const auto loaded = ParseConfig(ReadFile("config/data/full.yml"));
  EXPECT_EQ(loaded->config.accounts[0].connections[1].id, "0012933842610757314610");
  EXPECT_EQ(loaded->config.accounts[1].connections[0].id, "1e5");
}

TEST(ParseConfig, WarnsOfWhatIsAllowedButShouldNotBe) {
  const auto loaded = ParseConfig(ReadFile("config/data/full.yml"));
  EXPECT_THAT(
      FormatConfigMessages("f", loaded->warnings),
      ElementsAre(
          "f:37:14: accounts[1].api_key: the key is in the configuration file, readable by "
          "everyone "
          "who can read it: use api_key_file or api_key_env",
          "f:38:15: accounts[1].base_url: http:// sends the API key over the network "
          "unencrypted: use https://",
          "f:39:38: accounts[1].connections[0].labels.job: is a label that Prometheus or the "
          "alerting rules set: choose another name",
          "f:39:46: accounts[1].connections[0].labels.severity: is a label that Prometheus or the "
          "alerting rules set: choose another name"));
}

TEST(ParseConfig, FillsInTheDefaults) {
  const auto loaded = ParseConfig("accounts: [{connections: [{id: \"1\"}]}]");
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->config, (Config{.accounts = {{.connections = {{.id = "1"}}}}}));
  EXPECT_THAT(loaded->warnings, IsEmpty());
}

TEST(ParseConfig, ReadsTheExamples) {
  for (const char* name : {"../config/telnyx_exporter.yml", "../config/minimal.yml"}) {
    const auto loaded = ParseConfig(ReadFile(name));
    ASSERT_TRUE(loaded.has_value()) << name << FormatConfigMessages("", loaded.error()).front();
    PollConfig poll = loaded->config.poll;
    poll.stale_after.reset();
    poll.idle_interval.reset();
    EXPECT_EQ(poll, PollConfig{});
    EXPECT_EQ(loaded->config.duration_buckets, Config{}.duration_buckets);
    EXPECT_EQ(loaded->config.accounts[0].rate_limit, RateLimitConfig{});
    EXPECT_EQ(loaded->config.accounts[0].base_url, AccountConfig{}.base_url);
    EXPECT_EQ(loaded->config.accounts[0].tls, TlsConfig{});
    EXPECT_EQ(loaded->config.accounts[0].discovery.enabled, false);
  }
}

TEST(ParseConfig, WarnsOfEveryLabelThatPrometheusSets) {
  for (const char* label :
       {"job", "instance", "severity", "alertname", "pod", "node", "cluster", "namespace"}) {
    const auto loaded = ParseConfig("accounts: [{connections: [{id: 1, labels: {" +
                                    std::string(label) + ": x}}]}]");
    ASSERT_TRUE(loaded.has_value()) << label;
    EXPECT_EQ(loaded->warnings.size(), 1U) << label;
  }
}

TEST(ParseConfig, NamesThePlaceOfWhatIsReadLater) {
  const auto loaded = ParseConfig(
      "accounts:\n  - api_key_file: run/key\n    tls: {ca_file: ca}\n"
      "    connections: [{id: 1}]\n",
      "/etc/x/config.yml");
  ASSERT_TRUE(loaded.has_value());
  const AccountConfig& account = loaded->config.accounts[0];
  EXPECT_EQ(account.api_key.name, "/etc/x/run/key");
  EXPECT_EQ(account.api_key.shown_name, "run/key");
  EXPECT_EQ(account.api_key.place.line, 2U);
  EXPECT_EQ(account.tls.ca_file, "/etc/x/ca");
  EXPECT_EQ(account.tls.ca_file_place.path, "accounts[0].tls.ca_file");
}

TEST(ParseConfig, ReportsFiftyErrorsAndCountsTheOthers) {
  std::string yaml = "accounts:\n  - connections:\n";
  for (int i = 0; i < 75; ++i) yaml += "      - {id: a b}\n";
  const auto loaded = ParseConfig(yaml);
  ASSERT_FALSE(loaded.has_value());
  ASSERT_EQ(loaded.error().size(), 51U);
  EXPECT_EQ(
      FormatConfigMessage("f", loaded.error()[49]),
      "f:52:14: accounts[0].connections[49].id: \"a b\" is not an id: only letters, digits, - "
      "and _ are allowed");
  EXPECT_EQ(FormatConfigMessage("f", loaded.error()[50]),
            "f:53:14: 25 more from here on are not shown");
}

// A short file whose aliases stand for millions of connections.
TEST(ParseConfig, RefusesAnAliasBomb) {
  std::string yaml = "accounts:\n  - connections: &c\n";
  for (int i = 0; i < 2000; ++i) yaml += "      - {id: " + std::to_string(i) + "}\n";
  for (int i = 0; i < 2000; ++i)
    yaml += "  - {name: n" + std::to_string(i) + ", connections: *c}\n";
  const auto loaded = ParseConfig(yaml);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(FormatConfigMessages("f", loaded.error()),
              ElementsAre(HasSubstr("aliases expand to more than 100000 values: write them out")));
}

TEST(ParseConfig, AcceptsAliasesWithinBounds) {
  const auto loaded = ParseConfig(
      "accounts: [{name: a, rate_limit: &r {burst: 3}, connections: &c [{id: 1}, {id: 2}]}, "
      "{name: b, rate_limit: *r, connections: *c}]");
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->config.accounts[1].rate_limit.burst, 3U);
  EXPECT_EQ(loaded->config.accounts[1].connections.size(), 2U);
}

TEST(LoadConfigFile, NamesAFileThatCannotBeRead) {
  const auto loaded = LoadConfigFile("/no/such/file.yml");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(FormatConfigMessages("/no/such/file.yml", loaded.error()),
              ElementsAre("/no/such/file.yml: cannot be read: No such file or directory"));
}

TEST(LoadConfigFile, RefusesWhatIsNotARegularFile) {
  const TempDir directory;
  for (const std::string& path : {directory.path().string(), std::string("/dev/zero")}) {
    const auto loaded = LoadConfigFile(path);
    ASSERT_FALSE(loaded.has_value());
    EXPECT_THAT(FormatConfigMessages(path, loaded.error()),
                ElementsAre(HasSubstr(path + ": is a ")));
  }
}

// Who may write it decides where the API keys go.
TEST(LoadConfigFile, ChecksWhoMayWriteAndReadTheFile) {
  const TempDir directory;
  const auto load = [&](unsigned mode, const std::string& key) {
    const std::string path = directory.Write(
        "c.yml", "accounts: [{" + key + ", connections: [{id: 1}], base_url: https://a}]");
    std::filesystem::permissions(path, std::filesystem::perms(mode));
    const auto loaded = LoadConfigFile(path);
    return FormatConfigMessages("f", loaded ? loaded->warnings : loaded.error());
  };
  const std::string file = "api_key_file: /key";
  for (const unsigned mode : {0644U, 0640U, 0600U}) EXPECT_THAT(load(mode, file), IsEmpty());
  EXPECT_THAT(load(0664, file), ElementsAre("f: is group-writable (mode 0664): use chmod g-w"));
  for (const unsigned mode : {0666U, 0646U, 0777U}) {
    EXPECT_THAT(load(mode, file), ElementsAre(HasSubstr("f: is world-writable (mode 0")));
  }
  const auto inline_key = HasSubstr("the key is in the configuration file");
  EXPECT_THAT(load(0600, "api_key: KEY"), ElementsAre(inline_key));
  EXPECT_THAT(load(0644, "api_key: KEY"),
              ElementsAre("f: is world-readable (mode 0644): use chmod o-r", inline_key));
  EXPECT_THAT(load(0644, "proxy_url: http://proxy"), IsEmpty());
  EXPECT_THAT(load(0644, "proxy_url: http://user:password@proxy"),
              ElementsAre("f: is world-readable (mode 0644): use chmod o-r"));
}

TEST(LoadConfigFile, ReadsAFile) {
  const TempDir directory;
  EXPECT_TRUE(
      LoadConfigFile(directory.Write("c.yml", "accounts: [{connections: [{id: 1}]}]")).has_value());
}

TEST(ParseConfig, PlacesASyntaxErrorAtTheEndAndNotAfterIt) {
  const auto loaded = ParseConfig("a: [");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(FormatConfigMessages("f", loaded.error()),
              ElementsAre("f:1:5: is not valid YAML: end of sequence flow not found"));
  const auto no_key = ParseConfig("?");
  ASSERT_FALSE(no_key.has_value());
  EXPECT_THAT(FormatConfigMessages("f", no_key.error()), Each(StartsWith("f:1:")));
}

// yaml-cpp would take the rest of the file for the string: keys of it, secrets among them, would
// be shown as what they are not.
TEST(ParseConfig, RefusesAQuoteThatIsNotClosed) {
  const std::string closed = "accounts:\n  - connections: [{id: 1}]\n    name: ";
  for (const std::string quote : {"\"", "'"}) {
    for (const std::string rest : {"", "\n", "\n    api_key: KEY123\n", "\n    api_key: KEY123",
                                   "\n\n# comment\n", "\n    api_key: KEY\\"}) {
      const auto loaded = ParseConfig(closed + quote + "main" + rest);
      ASSERT_FALSE(loaded.has_value()) << quote << rest;
      EXPECT_THAT(FormatConfigMessages("f", loaded.error()),
                  ElementsAre("f:3:5: a quoted string that begins here or later is not closed"))
          << quote << rest;
    }
  }
}

TEST(ParseConfig, ShowsNoSecretThatStandsWhereAKeyBelongs) {
  for (const auto& [line, shown] : std::vector<std::pair<std::string, std::string>>{
           {"api_key:KEY0123456789_secret: x", "api_key…"},
           {"{api_key:KEY0123456789_secret: x}", "api_key…"},
           {"KEY0123456789_secret: api_key", "KEY…"},
           {"? KEY0123456789_secret", "KEY…"},
           {"\"proxy_url:http://u:secret@h:3\": ", "proxy_url…"},
           {"$2y$10$secretsecretsecretsecretsec: x", "…"},
           {"conections: []", "conections"},
           {"Key-2: []", "Key-2"}}) {
    const auto loaded = ParseConfig("accounts:\n  - " + line + "\n");
    ASSERT_FALSE(loaded.has_value()) << line;
    const auto errors = FormatConfigMessages("f", loaded.error());
    EXPECT_THAT(errors, Contains(HasSubstr("accounts[0]." + shown + ": unknown key"))) << line;
    EXPECT_THAT(errors, Each(Not(HasSubstr("secret")))) << line;
  }
}

// yaml-cpp makes documents without end of a comma that cannot be parsed; 0.9 parses it and refuses
// it.
TEST(ParseConfig, EndsAtAStrayComma) {
  for (const char* yaml : {",", "{\"accounts\": []},", "- a\n,\n"}) {
    const auto loaded = ParseConfig(yaml);
    ASSERT_FALSE(loaded.has_value()) << yaml;
    EXPECT_THAT(FormatConfigMessages("f", loaded.error()),
                ElementsAre(AnyOf(HasSubstr("a second YAML document begins here"),
                                  HasSubstr("is not valid YAML"))))
        << yaml;
  }
}

ApiKeySource Named(ApiKeySource::Kind kind, std::string_view written) {
  ApiKeySource source{.kind = kind, .place = {.line = 3, .column = 19, .path = "p"}};
  SetKeyName(source, written);
  return source;
}

TEST(DescribeKeySource, NamesPathsWithASlashAndTheDefaultVariableOnly) {
  using Kind = ApiKeySource::Kind;
  EXPECT_EQ(DescribeKeySource(Named(Kind::kFile, "/run/key")), "api_key_file /run/key");
  EXPECT_EQ(DescribeKeySource(Named(Kind::kFile, "./key")), "api_key_file ./key");
  EXPECT_EQ(DescribeKeySource(Named(Kind::kFile, "KEY0123")), "api_key_file (line 3, column 19)");
  EXPECT_EQ(DescribeKeySource(Named(Kind::kEnvironment, "KEY0123")),
            "the environment variable that api_key_env names (line 3, column 19)");
  EXPECT_EQ(DescribeKeySource(Named(Kind::kEnvironment, "TELNYX_API_KEY")),
            "the environment variable TELNYX_API_KEY");
  EXPECT_EQ(DescribeKeySource({}), "the environment variable TELNYX_API_KEY");
  EXPECT_EQ(DescribeKeySource({.kind = Kind::kInline, .name = "", .shown_name = ""}), "api_key");
}

TEST(FindApiKeyFault, AllowsBlanksAndLineEndsAroundTheKey) {
  for (const char* text : {"KEY0123", " KEY0123\n", "\tKEY0123 \r\n", "KEY_a-b.c/d+e="}) {
    EXPECT_EQ(FindApiKeyFault(text), "") << text;
  }
}

TEST(FindApiKeyFault, SaysWhatIsWrongAndWhatWouldBeRight) {
  const std::string quotes = "contains a quotation mark: write the API key without quotes";
  const std::string mark = "contains a byte order mark: save the key as plain text without one";
  EXPECT_EQ(FindApiKeyFault(""), "is empty: it must hold the API key");
  EXPECT_EQ(FindApiKeyFault(" \n"), "is empty: it must hold the API key");
  for (const char* text :
       {"\"KEY\"", "'KEY'", "`KEY`", "\u201cKEY\u201d", "\u2018KEY", "KEY\u00bb"}) {
    EXPECT_EQ(FindApiKeyFault(text), quotes) << text;
  }
  EXPECT_EQ(FindApiKeyFault("\xef\xbb\xbfKEY"), mark);
  EXPECT_EQ(FindApiKeyFault(std::string_view("\xff\xfeK\0", 4)), mark);
  for (const std::string& text : {std::string("KEY x"), std::string("KEY\nKEY"),
                                  std::string("KEY\0", 4), std::string("KEY\x1b[m")}) {
    EXPECT_EQ(FindApiKeyFault(text),
              "contains a blank or a control character inside the key: it must hold the API key "
              "alone, on one line")
        << text;
  }
  EXPECT_EQ(FindApiKeyFault("KEY\u00a0"),
            "contains a character that is not ASCII: copy the API key again");
  EXPECT_EQ(FindApiKeyFault(std::string(4097, 'x')),
            "holds more than 4096 bytes: it must hold the API key alone");
}

}  // namespace
}  // namespace telnyx_exporter
