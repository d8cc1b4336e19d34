#include "polling/discovery.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/padded.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using Next = RequestSequence::Next;

std::string ListOf(const std::string& rows, int number = 1, int pages = 1) {
  return fmt::format(
      R"({{"data":[{}],"meta":{{"page_number":{},"page_size":250,"total_pages":{}}}}})", rows,
      number, pages);
}

std::string ApplicationRow(int id, const std::string& members = "") {
  return fmt::format(R"({{"id":"{}","record_type":"call_control_application"{}}})", id, members);
}

class ListRefreshTest : public ::testing::Test {
 protected:
  void Begin(ListSelection selection) { refresh_.emplace(std::move(selection), now_); }

  Next Answer(const std::string& body, int status = 200) {
    const Padded padded(body);
    const Exchange exchange{.result = Response{.status = status, .headers = {}, .body = padded}};
    return refresh_->OnAnswer(ReadAnswer(exchange, WallTime{}), now_, 0.5);
  }

  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const auto& connection : lists_.connections) ids.push_back(connection.id);
    return ids;
  }

  Instant now_{std::chrono::hours(1)};
  std::optional<ListRefresh> refresh_;
  AccountLists lists_;
};

TEST_F(ListRefreshTest, KeepsWhatPassesTheFiltersAndWhatIsNamed) {
  Begin({.keeps = [](const ListedConnection& connection) { return connection.id == "2"; },
         .names = [](const std::string& id) { return id == "3"; }});
  EXPECT_EQ(Answer(ListOf(ApplicationRow(1) + "," + ApplicationRow(2) + "," + ApplicationRow(3))),
            Next::kComplete);
  lists_ = refresh_->TakeLists();
  EXPECT_THAT(Ids(), ElementsAre("2", "3"));
  EXPECT_EQ(lists_.listed, 3U);
}

TEST_F(ListRefreshTest, FailsAsSoonAsTooManyConnectionsPassTheFilters) {
  Begin({.max_connections = 2,
         .keeps = [](const ListedConnection& connection) { return connection.id != "9"; }});
  // The same row on two pages is one connection, and what does not pass does not count.
  EXPECT_EQ(Answer(ListOf(ApplicationRow(1) + "," + ApplicationRow(9), 1, 9)), Next::kRequest);
  EXPECT_EQ(Answer(ListOf(ApplicationRow(1) + "," + ApplicationRow(2), 2, 9)), Next::kRequest);
  EXPECT_EQ(Answer(ListOf(ApplicationRow(3), 3, 9)), Next::kFailed);
  EXPECT_EQ(refresh_->failure().reason, FailureReason::kTooManyConnections);
  EXPECT_EQ(refresh_->failure().detail,
            "/connections: more than max_connections=2 pass the filters");
}

TEST_F(ListRefreshTest, FailsWhenTheConnectionsTakeTooMuchMemory) {
  Begin({});
  std::string tags = "\"" + std::string(256, 'x') + "\"";
  for (int i = 1; i < 256; ++i) tags += ",\"" + std::string(256, 'x') + "\"";
  std::string rows;
  for (int page = 1;; ++page) {
    rows.clear();
    for (int i = 0; i < 50; ++i) {
      rows += (i == 0 ? "" : ",") +
              ApplicationRow(page * 100 + i, fmt::format(R"(,"tags":[{}])", tags));
    }
    if (Answer(ListOf(rows, page, 400)) == Next::kFailed) break;
  }
  EXPECT_EQ(refresh_->failure().reason, FailureReason::kResponseTooLarge);
}

TEST_F(ListRefreshTest, TellsWhatItLeftOut) {
  Begin({.keeps = [](const ListedConnection&) { return false; }});
  EXPECT_EQ(Answer(ListOf(R"({"id":"1"},{"id":"2","record_type":"fax_application"})")),
            Next::kComplete);
  lists_ = refresh_->TakeLists();
  EXPECT_EQ(lists_.unusable, (RowsLeftOut{.count = 1, .names = {"1"}}));
  EXPECT_EQ(lists_.not_pollable, (RowsLeftOut{.count = 1, .names = {"2"}}));
}

TEST_F(ListRefreshTest, ReadsTheChannelsOfTheAccountWithTheOtherLimits) {
  for (const auto& [status, body, expected] :
       {std::tuple(200, R"({"data":{"channels":30}})", std::optional<std::uint64_t>(30)),
        std::tuple(200, R"({"data":[]})", std::optional<std::uint64_t>()),
        std::tuple(404, "{}", std::optional<std::uint64_t>())}) {
    Begin({.channel_limits = true});
    EXPECT_EQ(Answer(ListOf(ApplicationRow(1))), Next::kRequest);
    EXPECT_EQ(Answer(ListOf(ApplicationRow(1, R"(,"inbound":{"channel_limit":7})"))),
              Next::kRequest);
    while (refresh_->next_target() != kInboundChannelsPath) {
      ASSERT_EQ(Answer("{}", 404), Next::kRequest);
    }
    EXPECT_EQ(Answer(body, status), Next::kComplete);
    lists_ = refresh_->TakeLists();
    EXPECT_EQ(lists_.account_channel_limit, expected);
    EXPECT_EQ(lists_.connections.at(0).inbound_channel_limit, 7U);
  }
}

TEST_F(ListRefreshTest, CountsIgnoredFields) {
  Begin({});
  Answer(ListOf(ApplicationRow(1, R"(,"inbound":5)")));
  EXPECT_EQ(refresh_->TakeIgnoredFields(), 1U);
  EXPECT_EQ(refresh_->TakeIgnoredFields(), 0U);
}

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
  for (const ListedConnection& connection : discovered.lists().connections)
    ids.push_back(connection.id);
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
  discovered.Update({.connections = {Application("1"), Application("2")}});
  discovered.Update({.connections = {Application("2")}});
  EXPECT_THAT(Ids(discovered), UnorderedElementsAre("1", "2"));
  discovered.Update({.connections = {Application("2")}});
  EXPECT_THAT(Ids(discovered), ElementsAre("2"));
}

TEST(DiscoveredConnections, ForgetsThatOneWasLeftOutOnceItIsNamedAgain) {
  DiscoveredConnections discovered;
  discovered.Update({.connections = {Application("1"), Application("2")}});
  for (int i = 0; i < 3; ++i) {
    discovered.Update({.connections = {Application("2")}});
    EXPECT_THAT(Ids(discovered), UnorderedElementsAre("1", "2"));
    discovered.Update({.connections = {Application("1"), Application("2")}});
  }
}

TEST(DiscoveredConnections, TakesTheNewestName) {
  DiscoveredConnections discovered;
  discovered.Update({.connections = {Application("1", "old")}});
  discovered.Update({.connections = {Application("1", "new")}});
  EXPECT_EQ(discovered.lists().connections.at(0).name, "new");
}

TEST(DiscoveredConnections, KeepsLimitsThatAListLeavesOutOnce) {
  DiscoveredConnections discovered;
  ListedConnection limited = Application("1");
  limited.inbound_channel_limit = 10;
  limited.outbound_voice_profile_id = "7";
  limited.has_kind_row = true;
  const auto limit = [&] { return discovered.lists().connections.at(0).inbound_channel_limit; };
  discovered.Update({.connections = {limited}});
  discovered.Update({.connections = {Application("1")}});
  EXPECT_EQ(limit(), 10U);
  EXPECT_EQ(discovered.lists().connections.at(0).outbound_voice_profile_id, "7");
  discovered.Update({.connections = {Application("1")}});
  EXPECT_EQ(limit(), std::nullopt);
  // One that the list has without a limit has none.
  discovered.Update({.connections = {limited}});
  ListedConnection without = Application("1");
  without.has_kind_row = true;
  discovered.Update({.connections = {without}});
  EXPECT_EQ(limit(), std::nullopt);
}

TEST(ConnectionsToPoll, FillsInWhatTheListSays) {
  DiscoveredConnections discovered;
  ListedConnection listed = Application("1", "support");
  listed.outbound_voice_profile_id = "7";
  listed.inbound_channel_limit = 10;
  discovered.Update({.connections = {listed}, .voice_profiles = {{.id = "7", .name = "eu"}}});
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
  discovered.Update({.connections = {Application("1", "theirs"), Application("2")}});
  const auto plans = ConnectionsToPoll(account, discovered, {});
  ASSERT_EQ(plans.size(), 2U);
  EXPECT_EQ(plans[0].name, "mine");
  EXPECT_EQ(plans[0].interval, Duration(5s));
  EXPECT_EQ(plans[0].record_type, "call_control_application");
  EXPECT_FALSE(plans[0].discovered);
  EXPECT_EQ(plans[1].name, "2");
}

TEST(ConnectionsToPoll, NamesWhatTheConfigurationDoesNot) {
  AccountPlan account = Account();
  account.connections = {{.id = "1", .name = "1"}, {.id = "2", .name = "2"}};
  DiscoveredConnections discovered;
  discovered.Update({.connections = {Application("1", "theirs"), Application("2")}});
  const auto plans = ConnectionsToPoll(account, discovered, {});
  ASSERT_EQ(plans.size(), 2U);
  EXPECT_EQ(plans[0].name, "theirs");
  EXPECT_EQ(plans[1].name, "2");
}

TEST(ConnectionsToPoll, LeavesOutWhatCannotHaveActiveCalls) {
  DiscoveredConnections discovered;
  discovered.Update({.connections = {
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
  discovered.Update(
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
  discovered.Update(lists);
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
  discovered.Update({.connections = {Application("2")}});
  EXPECT_THAT(Polled(account, discovered), ElementsAre("1"));
}

}  // namespace
}  // namespace telnyx_exporter
