// The accounts' lists as a client with a key reads them.

#include "simulator/lists.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "fake_request.h"
#include "simulator/api.h"
#include "simulator/control.h"
#include "support/manual_clock.h"

namespace telnyx_exporter::simulator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr double kHour = 3600;

AccountSettings MainAccount() {
  AccountSettings account{.name = "main", .api_key = "KEY"};
  account.voice_profiles = {{.id = "7", .name = "domestic"}, {.id = "8", .name = "far"}};
  account.voice_profiles[0].concurrent_call_limit = 40;
  account.inbound_channels = 50;
  for (const auto& [id, kind] :
       std::vector<std::pair<std::string, std::string>>{{"1", "call_control_application"},
                                                        {"2", "texml_application"},
                                                        {"3", "credential_connection"},
                                                        {"4", "ip_connection"},
                                                        {"5", "fqdn_connection"},
                                                        {"6", "fax_application"}}) {
    account.connections.push_back({.id = id, .name = "name-" + id, .record_type = kind});
  }
  ConnectionSettings& first = account.connections.front();
  first.inbound_channel_limit = 10;
  first.tags = {"voice", "quote\"d"};
  first.voice_profile_id = "7";
  first.renames = {{.at = 12 * kHour, .name = "noon"}, {.at = 13 * kHour, .name = "later"}};
  account.connections[3].has_webhook = false;
  account.connections[4].present = DayWindow{.from = 12 * kHour, .until = 13 * kHour};
  return account;
}

AccountSettings OtherAccount() {
  AccountSettings account{.name = "other", .api_key = "OTHER"};
  account.lacking = {"texml_applications", "outbound_voice_profiles"};
  account.connections = {{.id = "101", .name = "theirs"}};
  account.requests_per_second = 3;
  return account;
}

class ListsTest : public ::testing::Test {
 protected:
  ListsTest() { sim_clock_.Freeze(); }

  HttpResponse Get(const std::string& path, const std::string& key = "KEY",
                   std::map<std::string, std::string> query = {}) {
    return api_.Answer(FakeRequest("/v2" + path, std::move(query), "GET", "Bearer " + key));
  }
  std::string BodyOf(const std::string& path, const std::string& key = "KEY") {
    return *Get(path, key).body;
  }
  std::vector<std::string> Ids(const std::string& path, const std::string& key = "KEY") {
    simdjson::dom::parser parser;
    const std::string body = BodyOf(path, key);
    std::vector<std::string> ids;
    for (const simdjson::dom::element row : parser.parse(body)["data"]) {
      ids.emplace_back(std::string_view(row["id"]));
    }
    return ids;
  }

  ManualClock clock_;
  SimClock sim_clock_{clock_, 1, 10 * kHour};
  CallWorld world_{{MainAccount(), OtherAccount()}, sim_clock_};
  Api api_{{}, world_, clock_};
};

TEST_F(ListsTest, EachKindHasItsList) {
  EXPECT_THAT(Ids("/connections"), ElementsAre("1", "2", "3", "4", "6"));
  EXPECT_THAT(Ids("/call_control_applications"), ElementsAre("1"));
  EXPECT_THAT(Ids("/texml_applications"), ElementsAre("2"));
  EXPECT_THAT(Ids("/credential_connections"), ElementsAre("3"));
  EXPECT_THAT(Ids("/ip_connections"), ElementsAre("4"));
  EXPECT_THAT(Ids("/outbound_voice_profiles"), ElementsAre("7", "8"));
}

TEST_F(ListsTest, TheAccountsChannelsAreThereWhereTheyAreGiven) {
  EXPECT_EQ(BodyOf("/inbound_channels"),
            R"({"data":{"channels":50,"record_type":"inbound_channels"}})");
  EXPECT_EQ(Get("/inbound_channels", "OTHER").status, 404);
}

TEST_F(ListsTest, ListsSayWhatTheApisListsSay) {
  EXPECT_THAT(
      BodyOf("/connections"),
      HasSubstr(
          R"({"id":"1","record_type":"call_control_application","connection_name":"name-1","active":true,)"
          R"("webhook_event_url":"https://example.com/webhook","tags":["voice","quote\"d"],)"
          R"("outbound_voice_profile_id":"7"})"));
  EXPECT_THAT(
      BodyOf("/call_control_applications"),
      HasSubstr(
          R"("application_name":"name-1","active":true,"webhook_event_url":"https://example.com/webhook",)"
          R"("tags":["voice","quote\"d"],"inbound":{"channel_limit":10},)"
          R"("outbound":{"channel_limit":null,"outbound_voice_profile_id":"7"}})"));
  EXPECT_THAT(BodyOf("/texml_applications"), HasSubstr(R"("friendly_name":"name-2")"));
  EXPECT_THAT(BodyOf("/credential_connections"),
              HasSubstr(R"("user_name":"user3","password":"PASSWORD_OF_3")"));
  EXPECT_THAT(BodyOf("/ip_connections"), HasSubstr(R"("webhook_event_url":null)"));
  EXPECT_THAT(BodyOf("/ip_connections"), Not(HasSubstr("password")));
  EXPECT_THAT(
      BodyOf("/outbound_voice_profiles"),
      HasSubstr(
          R"({"id":"7","record_type":"outbound_voice_profile","name":"domestic","enabled":true,"concurrent_call_limit":40})"));
  EXPECT_THAT(BodyOf("/outbound_voice_profiles"), HasSubstr(R"("concurrent_call_limit":null)"));
}

TEST_F(ListsTest, ListsArePaged) {
  const HttpResponse page =
      Get("/connections", "KEY", {{"page[size]", "2"}, {"page[number]", "3"}});
  EXPECT_THAT(*page.body,
              HasSubstr(R"("page_number":3,"page_size":2,"total_pages":3,"total_results":5)"));
  EXPECT_EQ(Get("/ip_connections", "KEY", {{"page[size]", "251"}}).status, 422);
}

TEST_F(ListsTest, AKeyOpensItsOwnAccountAlone) {
  EXPECT_THAT(Ids("/connections", "OTHER"), ElementsAre("101"));
  EXPECT_EQ(Get("/connections/101/active_calls", "OTHER").status, 200);
  EXPECT_EQ(Get("/connections/101/active_calls").status, 404);
  EXPECT_EQ(Get("/connections/1/active_calls", "OTHER").status, 404);
  EXPECT_EQ(Get("/connections", "WRONG").status, 401);
}

TEST_F(ListsTest, AnAccountMayLackAList) {
  EXPECT_EQ(Get("/texml_applications", "OTHER").status, 404);
  EXPECT_EQ(Get("/outbound_voice_profiles", "OTHER").status, 404);
  EXPECT_EQ(Get("/ip_connections", "OTHER").status, 200);
}

TEST_F(ListsTest, ConnectionsComeAndGo) {
  EXPECT_THAT(Ids("/fqdn_connections"), IsEmpty());
  EXPECT_EQ(Get("/connections/5/active_calls").status, 404);
  sim_clock_.Advance(2 * kHour);
  EXPECT_THAT(Ids("/fqdn_connections"), ElementsAre("5"));
  EXPECT_THAT(Ids("/connections"), ElementsAre("1", "2", "3", "4", "5", "6"));
  EXPECT_EQ(Get("/connections/5/active_calls").status, 200);
  sim_clock_.Advance(kHour);
  EXPECT_EQ(Get("/connections/5/active_calls").status, 404);
}

TEST_F(ListsTest, ConnectionsAreRenamed) {
  FaultRules faults{1};
  for (const char* name : {"name-1", "noon", "later"}) {
    EXPECT_THAT(BodyOf("/connections"), HasSubstr(fmt::format(R"("connection_name":"{}")", name)));
    EXPECT_THAT(BodyOf("/call_control_applications"),
                HasSubstr(fmt::format(R"("application_name":"{}")", name)));
    EXPECT_THAT(*AnswerControl(world_, faults, FakeRequest("/simulator/truth", {})).body,
                HasSubstr(fmt::format(R"({{"account":"main","id":"1","name":"{}")", name)));
    sim_clock_.Advance(name == std::string("name-1") ? 2 * kHour : kHour);
  }
  sim_clock_.Advance(10 * kHour);
  EXPECT_THAT(BodyOf("/connections"), HasSubstr("name-1")) << "at midnight the day begins again";
}

TEST_F(ListsTest, TheTruthIsAboutWhatExistsNow) {
  FaultRules faults{1};
  const auto truth = [&] {
    return *AnswerControl(world_, faults, FakeRequest("/simulator/truth", {})).body;
  };
  EXPECT_THAT(truth(), Not(HasSubstr(R"("id":"5")")));
  EXPECT_THAT(truth(), HasSubstr(R"({"account":"other","id":"101")"));
  sim_clock_.Advance(2 * kHour);
  EXPECT_THAT(truth(), HasSubstr(R"("id":"5")"));
}

TEST_F(ListsTest, EachAccountHasItsOwnRateLimit) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get("/connections", "OTHER").status, 200);
  EXPECT_EQ(Get("/connections", "OTHER").status, 429);
  EXPECT_EQ(Get("/connections").status, 200);
}

TEST_F(ListsTest, RequestsAreKnownByTheirAccounts) {
  EXPECT_EQ(api_.AccountName(FakeRequest("/v2/connections", {}, "GET", "Bearer OTHER")), "other");
  EXPECT_EQ(api_.AccountName(FakeRequest("/v2/connections", {}, "GET", "Bearer WRONG")), "");
  EXPECT_EQ(api_.AccountName(FakeRequest("/v2/connections", {}, "GET", "")), "");
}

}  // namespace
}  // namespace telnyx_exporter::simulator
