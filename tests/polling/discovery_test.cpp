#include "polling/discovery.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

ListedConnection Application(const std::string& id, const std::string& name = "") {
  return {.id = id, .record_type = "call_control_application", .name = name};
}

AccountPlan Account() {
  return {.name = "main",
          .discovery =
              DiscoveryPlan{.refresh_interval = 5min,
                            .connection = {.interval = 15s, .timeout = 10s, .stale_after = 45s}}};
}

std::vector<std::string> Ids(const DiscoveredConnections& discovered) {
  std::vector<std::string> ids;
  for (const ListedConnection& connection : discovered.connections()) ids.push_back(connection.id);
  return ids;
}

std::vector<std::string> Polled(const AccountPlan& account,
                                const DiscoveredConnections& discovered) {
  std::vector<std::string> ids;
  for (const ConnectionPlan& plan : ConnectionsToPoll(account, discovered, {})) {
    ids.push_back(plan.id);
  }
  return ids;
}

TEST(DiscoveredConnections, KeepsOneThatAListLeavesOutOnce) {
  DiscoveredConnections discovered;
  discovered.Take({.connections = {Application("1"), Application("2")}});
  discovered.Take({.connections = {Application("2")}});
  EXPECT_THAT(Ids(discovered), UnorderedElementsAre("1", "2"));
  discovered.Take({.connections = {Application("2")}});
  EXPECT_THAT(Ids(discovered), ElementsAre("2"));
}

TEST(DiscoveredConnections, ForgetsThatOneWasLeftOutOnceItIsNamedAgain) {
  DiscoveredConnections discovered;
  discovered.Take({.connections = {Application("1"), Application("2")}});
  for (int i = 0; i < 3; ++i) {
    discovered.Take({.connections = {Application("2")}});
    EXPECT_THAT(Ids(discovered), UnorderedElementsAre("1", "2"));
    discovered.Take({.connections = {Application("1"), Application("2")}});
  }
}

TEST(DiscoveredConnections, TakesTheNewestName) {
  DiscoveredConnections discovered;
  discovered.Take({.connections = {Application("1", "old")}});
  discovered.Take({.connections = {Application("1", "new")}});
  EXPECT_EQ(discovered.connections().at(0).name, "new");
}

TEST(ConnectionsToPoll, FillsInWhatTheListSays) {
  DiscoveredConnections discovered;
  ListedConnection listed = Application("1", "support");
  listed.outbound_voice_profile_id = "7";
  listed.inbound_channel_limit = 10;
  discovered.Take({.connections = {listed}, .voice_profiles = {{.id = "7", .name = "eu"}}});
  const auto plans = ConnectionsToPoll(Account(), discovered, {});
  EXPECT_THAT(plans, ElementsAre(ConnectionPlan{.id = "1",
                                                .name = "support",
                                                .record_type = "call_control_application",
                                                .interval = 15s,
                                                .timeout = 10s,
                                                .stale_after = 45s,
                                                .discovered = true,
                                                .inbound_channel_limit = 10,
                                                .voice_profile_id = "7",
                                                .voice_profile_name = "eu"}));
}

TEST(ConnectionsToPoll, LetsTheConfigurationWin) {
  AccountPlan account = Account();
  account.connections = {{.id = "1", .name = "mine", .interval = 5s, .timeout = 5s}};
  DiscoveredConnections discovered;
  discovered.Take({.connections = {Application("1", "theirs"), Application("2")}});
  const auto plans = ConnectionsToPoll(account, discovered, {});
  ASSERT_EQ(plans.size(), 2U);
  EXPECT_EQ(plans[0].name, "mine");
  EXPECT_EQ(plans[0].interval, Duration(5s));
  EXPECT_EQ(plans[0].record_type, "call_control_application");
  EXPECT_FALSE(plans[0].discovered);
  EXPECT_EQ(plans[1].name, "2");
}

TEST(ConnectionsToPoll, LeavesOutWhatCannotHaveActiveCalls) {
  DiscoveredConnections discovered;
  discovered.Take({.connections = {
                       {.id = "1", .record_type = "fax_application"},
                       {.id = "2", .record_type = "ip_connection"},
                       {.id = "3", .record_type = "ip_connection", .has_webhook = true},
                   }});
  EXPECT_THAT(Polled(Account(), discovered), ElementsAre("3"));
}

TEST(ConnectionsToPoll, KeepsWhatTheFilterIncludesAndDoesNotExclude) {
  DiscoveredConnections discovered;
  ListedConnection tagged = Application("4", "prod-4");
  tagged.tags = {"eu", "production"};
  discovered.Take(
      {.connections = {Application("1", "prod-1"),
                       Application("2", "dev-2"),
                       Application("3", "prod-3-test"),
                       tagged,
                       {.id = "5", .record_type = "texml_application", .name = "prod-5"}}});
  AccountPlan account = Account();
  DiscoveryPlan& plan = *account.discovery;
  plan.include.name = NamePattern::Compile("prod-.*").value();
  plan.exclude.name = NamePattern::Compile(".*-test").value();
  EXPECT_THAT(Polled(account, discovered), ElementsAre("1", "4", "5"));
  plan.include.record_types = {"call_control_application"};
  EXPECT_THAT(Polled(account, discovered), ElementsAre("1", "4"));
  plan.include.tags = {"production", "other"};
  EXPECT_THAT(Polled(account, discovered), ElementsAre("4"));
  plan.exclude.tags = {"eu"};
  EXPECT_THAT(Polled(account, discovered), IsEmpty());
  plan.exclude.tags = {};
  plan.exclude.record_types = {"call_control_application"};
  EXPECT_THAT(Polled(account, discovered), IsEmpty());
}

TEST(ConnectionsToPoll, SharesThemOutAmongTheShards) {
  AccountPlan account = Account();
  DiscoveredConnections discovered;
  AccountLists lists;
  for (int i = 0; i < 50; ++i) {
    account.connections.push_back({.id = "c" + std::to_string(i)});
    lists.connections.push_back(Application("d" + std::to_string(i)));
  }
  discovered.Take(lists);
  std::vector<std::string> all;
  for (std::uint32_t shard = 0; shard < 3; ++shard) {
    for (const auto& plan : ConnectionsToPoll(account, discovered, {shard, 3})) {
      all.push_back(plan.id);
    }
  }
  EXPECT_THAT(all, ::testing::UnorderedElementsAreArray(Polled(account, discovered)));
  EXPECT_EQ(all.size(), 100U);
}

TEST(ConnectionsToPoll, IgnoresTheListsWithoutDiscovery) {
  AccountPlan account = Account();
  account.discovery.reset();
  account.connections = {{.id = "1"}};
  DiscoveredConnections discovered;
  discovered.Take({.connections = {Application("2")}});
  EXPECT_THAT(Polled(account, discovered), ElementsAre("1"));
}

}  // namespace
}  // namespace telnyx_exporter
