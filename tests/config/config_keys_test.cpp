#include "config/config_keys.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "config/config_docs.h"
#include "support/golden.h"
#include "support/read_file.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

Config Parse(const std::string& yaml) {
  const auto loaded = ParseConfig(yaml);
  if (loaded) return loaded->config;
  for (const auto& message : loaded.error()) ADD_FAILURE() << FormatConfigMessage("f", message);
  return {};
}

Config ReadConfig(const std::string& path) { return Parse(ReadFile(path)); }

// As the text shows it: what is left to a default is written out, and secrets are not there.
Config AsWritten(Config config) {
  for (AccountConfig& account : config.accounts) {
    if (!account.api_key.inline_key.empty()) account.api_key.inline_key = Secret("<secret>");
    for (ConnectionConfig& connection : account.connections) {
      if (connection.name.empty() && !account.discovery.enabled) connection.name = connection.id;
      if (!connection.interval) connection.interval = config.poll.interval;
    }
  }
  return config;
}

TEST(FormatConfig, ShowsNoNameThatMayBeThePastedKey) {
  for (const char* setting :
       {"api_key_env: KEY0123_secret", "api_key_file: KEY0123_secret", "api_key: KEY0123_secret"}) {
    const auto loaded = ParseConfig(
        "accounts: [{" + std::string(setting) + ", connections: [{id: 1}]}]", "/etc/config.yml");
    ASSERT_TRUE(loaded.has_value());
    const std::string text = FormatConfig(loaded->config);
    EXPECT_THAT(text, Not(HasSubstr("KEY0123")));
    EXPECT_THAT(text, HasSubstr(": \"<secret>\"\n"));
    EXPECT_EQ(FormatConfig(Parse(text)), text);
  }
}

TEST(FormatConfig, LoadsAgainAsWhatItWas) {
  for (const char* path :
       {"config/data/full.yml", "../config/telnyx_exporter.yml", "../config/minimal.yml"}) {
    Config config = ReadConfig(path);
    const std::string text = FormatConfig(config);
    for (AccountConfig& account : config.accounts) {
      if (!account.proxy_url.empty()) account.proxy_url = Secret("http://<secret>@proxy:3128");
    }
    EXPECT_EQ(Parse(text), AsWritten(config)) << text;
    EXPECT_EQ(FormatConfig(Parse(text)), text);
  }
}

TEST(FormatConfig, LeavesToDiscoveryWhatItFinds) {
  const Config config = Parse(
      "accounts: [{connections: [{id: 1}], discovery: {enabled: true, include: {name: \"a.*\", "
      "tag: "
      "[x, y]}}}, {name: other, discovery: {enabled: true}}]");
  EXPECT_EQ(Parse(FormatConfig(config)), AsWritten(config)) << FormatConfig(config);
  EXPECT_THAT(FormatConfig(config), Not(HasSubstr("name: \"1\"")));
}

TEST(FormatConfig, ShowsNoSecretAndEveryFileName) {
  const std::string text = FormatConfig(ReadConfig("config/data/full.yml"));
  EXPECT_THAT(text, Not(HasSubstr("KEYsecret")));
  EXPECT_THAT(text, Not(HasSubstr("user:")));
  EXPECT_THAT(text, HasSubstr("proxy_url: \"http://<secret>@proxy:3128\"\n"));
  EXPECT_THAT(text, HasSubstr("api_key: \"<secret>\"\n"));
  EXPECT_THAT(text, HasSubstr("api_key_file: \"/run/secrets/telnyx_api_key\"\n"));
  EXPECT_THAT(text, HasSubstr("ca_file: \"/etc/ca.pem\"\n"));
}

TEST(FormatConfig, HidesEveryFormOfProxyCredentials) {
  for (const auto& [given, shown] : std::initializer_list<std::pair<std::string, std::string>>{
           {"http://proxy:3128", "http://proxy:3128"},
           {"socks5h://proxy/", "socks5h://proxy/"},
           {"http://user@proxy", "http://<secret>@proxy"},
           {"https://user:pa@ss@[::1]:3128", "https://<secret>@[::1]:3128"}}) {
    const Config config{.accounts = {{.proxy_url = Secret(given), .connections = {{.id = "1"}}}}};
    const std::string text = FormatConfig(config);
    EXPECT_THAT(text, HasSubstr("proxy_url: \"" + shown + "\"\n"));
    EXPECT_EQ(Parse(text).accounts[0].proxy_url.reveal(), shown);
  }
}

TEST(FormatConfig, KeepsTextsThatYamlWouldTakeForSomethingElse) {
  for (const char* text :
       {"0012", "1e5", "true", "null", "~", "- x", "a: b",          "#c", "\"'\\", " x ", "{}", "[",
        "&a",   "*a",  "!t",   "%",    "@", "`",   "Zürich – 東京", "|",  ">"}) {
    Config config{.accounts = {{.name = text,
                                .connections = {{.id = "1",
                                                 .name = text,
                                                 .labels = {{"null", text}, {"yes", text}},
                                                 .interval = 20s}}}}};
    EXPECT_EQ(Parse(FormatConfig(config)), config) << FormatConfig(config);
  }
}

TEST(FormatConfig, WritesOddNumbersSoThatTheyComeBack) {
  Config config{.poll = {.timeout = 1500ms, .max_response_size = (4U << 20U) + 1},
                .duration_buckets = {0.1, 15.5, 1e6, 1.0 / 3 * 1e9},
                .accounts = {{.rate_limit = {.requests_per_second = 0.1, .burst = 1},
                              .connections = {{.id = "1", .name = "1", .interval = 90s}}}}};
  config.poll.interval = 90s;
  config.poll.stale_after = 100s;
  config.poll.idle_interval = 90500ms;
  config.accounts[0].connections[0].idle_interval = 91s;
  EXPECT_EQ(Parse(FormatConfig(config)), config) << FormatConfig(config);
}

TEST(FormatConfig, IsThis) {
  EXPECT_EQ(FormatConfig(Parse("accounts: [{connections: [{id: 1, labels: {team: voice}}]}]")),
            R"(poll:
  interval: 15s
  timeout: 10s
  peak_window: 1m
  page_limit: 250
  max_pages: 4000
  max_concurrent_requests: 32
  max_response_size: 4MiB
duration_buckets: [5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400]
long_call_thresholds: [5m, 30m, 4h]
accounts:
  - name: "default"
    api_key_env: "TELNYX_API_KEY"
    base_url: "https://api.telnyx.com/v2"
    rate_limit:
      requests_per_second: 10
      burst: 20
    tls:
      ca_file: ""
      server_name: ""
      insecure_skip_verify: false
    proxy_url: ""
    proxy_from_environment: false
    connections:
      - id: "1"
        name: "1"
        labels:
          "team": "voice"
        interval: 15s
    discovery:
      enabled: false
      refresh_interval: 5m
      max_connections: 10000
      include:
        name: ""
        record_type: []
        tag: []
      exclude:
        name: ""
        record_type: []
        tag: []
      channel_limits: false
)");
}

TEST(ConfigReferenceGolden, IsTheCommittedPage) {
  const std::string text = FormatConfigReference();
  EXPECT_EQ(text, Golden("../docs/configuration.md", text));
}

TEST(ConfigReferenceGolden, IsTheCommittedSchema) {
  const std::string text = FormatConfigSchema();
  EXPECT_EQ(text, Golden("../config/telnyx_exporter.schema.json", text));
}

}  // namespace
}  // namespace telnyx_exporter
