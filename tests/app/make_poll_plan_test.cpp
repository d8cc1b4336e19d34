#include "app/make_poll_plan.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

Result<Secret> AnyKey(const ApiKeySource&) { return Secret("KEY"); }

TEST(MakePollPlan, FillsInWhatAConnectionLeavesOut) {
  const Config config{
      .accounts = {
          {.connections = {{.id = "1"},
                           {.id = "2", .name = "sales", .interval = 5s, .channel_limit = 7}}}}};
  const auto plan = MakePollPlan(config, {}, AnyKey);
  ASSERT_TRUE(plan.has_value());
  const auto& connections = plan->accounts.at(0).connections;
  EXPECT_EQ(connections[0],
            (ConnectionPlan{
                .id = "1", .name = "1", .interval = 15s, .timeout = 10s, .peak_window = 1min}));
  EXPECT_EQ(connections[1], (ConnectionPlan{.id = "2",
                                            .name = "sales",
                                            .interval = 5s,
                                            .timeout = 5s,  // capped by its interval
                                            .peak_window = 1min,
                                            .channel_limit = 7}));
}

TEST(MakePollPlan, HandsOnWhatIsGivenOfStaleValuesAndLongCalls) {
  Config config{.long_call_thresholds = {90s, 1h}, .accounts = {{.connections = {{.id = "1"}}}}};
  config.poll.stale_after = 50s;
  const auto plan = MakePollPlan(config, {}, AnyKey);
  EXPECT_EQ(plan->accounts.at(0).connections.at(0).stale_after, Duration(50s));
  EXPECT_EQ(plan->long_call_thresholds, (std::vector<std::uint32_t>{90, 3600}));
}

TEST(MakePollPlan, UsesAnIdleIntervalThatIsLongerThanTheInterval) {
  Config config{.accounts = {{.connections = {{.id = "1"},
                                              {.id = "2", .interval = 2min},
                                              {.id = "3", .idle_interval = 5min},
                                              {.id = "4", .interval = 5s, .idle_interval = 5s}}}}};
  config.poll.idle_interval = 60s;
  const auto plan = MakePollPlan(config, {}, AnyKey);
  const auto& connections = plan->accounts.at(0).connections;
  EXPECT_EQ(connections[0].idle_interval, Duration(60s));
  EXPECT_EQ(connections[1].idle_interval, std::nullopt);
  EXPECT_EQ(connections[2].idle_interval, Duration(5min));
  EXPECT_EQ(connections[3].idle_interval, std::nullopt);
}

TEST(MakePollPlan, TakesTheProxyFromTheEnvironmentWhereConfigured) {
  const Config config{
      .accounts = {{.name = "a", .base_url = "https://a/v2", .proxy_from_environment = true},
                   {.name = "b", .base_url = "https://b/v2"},
                   {.name = "c", .base_url = "https://c/v2", .proxy_from_environment = true}}};
  const auto read = [](const std::string& name) -> std::optional<std::string> {
    if (name == "HTTPS_PROXY") return "http://proxy:3128";
    if (name == "NO_PROXY") return "c";
    return std::nullopt;
  };
  const auto plan = MakePollPlan(config, {}, AnyKey, read);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->accounts[0].endpoint->proxy_url.reveal(), "http://proxy:3128");
  EXPECT_EQ(plan->accounts[1].endpoint->proxy_url.reveal(), "");
  EXPECT_EQ(plan->accounts[2].endpoint->proxy_url.reveal(), "");
  const auto refused = MakePollPlan(
      config, {}, AnyKey, [](const std::string&) -> std::optional<std::string> { return "://"; });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().at(0).message,
            "account a: the environment variable HTTPS_PROXY is not a proxy's address: write "
            "http://HOST:PORT, https://, socks5:// or socks5h://");
}

TEST(MakePollPlan, GivesEachAccountItsOwnEndpoint) {
  const TempDir directory;
  const std::string authorities = directory.Write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  const Config config{
      .accounts = {
          {.name = "a", .base_url = "https://a/v2", .proxy_url = Secret("http://p")},
          {.name = "b",
           .api_key = {.name = "OTHER"},
           .base_url = "https://b/v2",
           .tls = {.ca_file = authorities, .server_name = "s", .insecure_skip_verify = true}}}};
  const auto plan = MakePollPlan(config, {}, [](const ApiKeySource& source) -> Result<Secret> {
    return Secret("key of " + source.name);
  });
  ASSERT_TRUE(plan.has_value());
  const Endpoint& first = *plan->accounts.at(0).endpoint;
  EXPECT_EQ(first.api_key.reveal(), "key of TELNYX_API_KEY");
  EXPECT_EQ(first.base_url, "https://a/v2");
  EXPECT_EQ(first.proxy_url.reveal(), "http://p");
  const Endpoint& second = *plan->accounts.at(1).endpoint;
  EXPECT_EQ(second.api_key.reveal(), "key of OTHER");
  EXPECT_EQ(second.ca_certificates, "-----BEGIN CERTIFICATE-----\n");
  EXPECT_EQ(second.server_name, "s");
  EXPECT_TRUE(second.insecure_skip_verify);
}

TEST(MakePollPlan, NamesACaFileThatCannotBeUsed) {
  const TempDir directory;
  const std::string fifo = directory.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const Config config{.accounts = {{.name = "a", .tls = {.ca_file = fifo}}}};
  const auto plan = MakePollPlan(config, {}, AnyKey);
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().at(0).message,
            "account a: tls.ca_file " + fifo + " is a FIFO: it must be a regular file");
}

TEST(MakePollPlan, NamesEveryAccountWithoutAKey) {
  const Config config{.accounts = {{.name = "a"}, {.name = "b"}}};
  const auto plan = MakePollPlan(
      config, {}, [](const ApiKeySource&) -> Result<Secret> { return Fail("there is no key"); });
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error(),
            (std::vector<Error>{{"account a: there is no key"}, {"account b: there is no key"}}));
}

TEST(MakePollPlan, MakesADiscoveryWhereItIsEnabled) {
  const Config config{
      .accounts = {
          {.discovery = {.enabled = true,
                         .refresh_interval = 1min,
                         .max_connections = 77,
                         .include = {.name = "prod-.*", .record_type = {"a"}, .tag = {"b"}},
                         .exclude = {.name = ".*-test"},
                         .channel_limits = true}},
          {.name = "second"}}};
  const auto plan = MakePollPlan(config, {}, AnyKey);
  const auto& discovery = plan->accounts.at(0).discovery.value();
  EXPECT_EQ(discovery.refresh_interval, Duration(1min));
  EXPECT_TRUE(discovery.include.name->Matches("prod-1"));
  EXPECT_EQ(discovery.include.record_types, std::vector<std::string>{"a"});
  EXPECT_EQ(discovery.include.tags, std::vector<std::string>{"b"});
  EXPECT_TRUE(discovery.exclude.name->Matches("x-test"));
  EXPECT_TRUE(discovery.channel_limits);
  EXPECT_EQ(discovery.connection.interval, Duration(15s));
  EXPECT_EQ(discovery.connection.stale_after, std::nullopt);
  EXPECT_EQ(discovery.max_connections, 77U);
  EXPECT_FALSE(plan->accounts.at(1).discovery.has_value());
}

TEST(MakePollPlan, DividesTheRateLimitAmongTheShards) {
  const Config config{.accounts = {{.rate_limit = {.requests_per_second = 10, .burst = 20}}}};
  const auto plan = MakePollPlan(config, {.index = 1, .total = 4}, AnyKey);
  EXPECT_EQ(plan->accounts.at(0).rate_limit, (RateLimit{.requests_per_second = 2.5, .burst = 5}));
  EXPECT_EQ(
      MakePollPlan(config, {.index = 1, .total = 100}, AnyKey)->accounts.at(0).rate_limit.burst,
      1U);
}

}  // namespace
}  // namespace telnyx_exporter
