// The accounts' lists as a client with a key reads them.

#include "simulator/api.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "fake_request.h"
#include "simulator/answers.h"
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
  EXPECT_THAT(BodyOf("/connections"), HasSubstr("name-1")) << "at midnight the day begins anew";
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

using ::testing::HasSubstr;

constexpr const char* kId = "1293384261075731461";
const std::string kPath = std::string("/v2/connections/") + kId + "/active_calls";

class ApiTest : public ::testing::Test {
 protected:
  explicit ApiTest(ApiSettings settings = {}) : api_(settings, world_, clock_) {
    sim_clock_.Freeze();
  }

  HttpResponse Get(const std::string& path, std::map<std::string, std::string> query = {}) {
    return api_.Answer(FakeRequest(path, std::move(query)));
  }

  static std::string BodyOf(const HttpResponse& response) { return *response.body; }

  struct Page {
    std::vector<std::string> legs;
    std::string after;
    std::string before;
    std::uint64_t total = 0;
  };

  Page GetPage(std::map<std::string, std::string> query) {
    const HttpResponse response = Get(kPath, std::move(query));
    EXPECT_EQ(response.status, 200) << *response.body;
    simdjson::dom::parser parser;
    const simdjson::dom::element body = parser.parse(*response.body);
    Page page;
    for (const simdjson::dom::element row : body["data"]) {
      EXPECT_EQ(std::string_view(row["record_type"]), "call");
      EXPECT_TRUE(std::string_view(row["call_control_id"]).starts_with("v3:"));
      EXPECT_TRUE(row["client_state"].is_null() || row["client_state"].is_string());
      page.legs.emplace_back(std::string_view(row["call_leg_id"]));
    }
    const auto text = [&](std::string_view name) {
      const simdjson::dom::element cursor = body["meta"]["cursors"][name];
      return cursor.is_null() ? std::string() : std::string(std::string_view(cursor));
    };
    page.after = text("after");
    page.before = text("before");
    page.total = body["meta"]["total_items"];
    return page;
  }

  std::vector<std::string> Walk(const std::string& limit) {
    std::vector<std::string> legs;
    std::string after;
    do {
      std::map<std::string, std::string> query = {{"page[limit]", limit}};
      if (!after.empty()) query["page[after]"] = after;
      const Page page = GetPage(query);
      legs.insert(legs.end(), page.legs.begin(), page.legs.end());
      after = page.after;
    } while (!after.empty());
    return legs;
  }

  std::vector<std::string> TrueLegs() {
    std::vector<std::string> legs;
    for (const auto& leg : world_.View(world_.accounts()[0], kId)->legs) legs.push_back(leg->id);
    return legs;
  }

  ManualClock clock_;
  SimClock sim_clock_{clock_, 1};
  CallWorld world_{
      {{.api_key = "KEY",
        .connections =
            {{.id = kId, .name = "support", .traffic = {{.mean_active_calls = 600}}},
             {.id = "2", .name = "quote\"d", .traffic = {{.mean_active_calls = 5, .seed = 2}}}}}},
      sim_clock_};
  Api api_;
  FaultRules faults_{1};
};

TEST_F(ApiTest, PagesCoverEveryLegOnce) {
  const auto legs = TrueLegs();
  ASSERT_GT(legs.size(), 500U);
  for (const char* limit : {"1", "7", "20", "250"}) EXPECT_EQ(Walk(limit), legs) << limit;
}

TEST_F(ApiTest, AnswersTwentyRowsByDefaultAndTheWholeCount) {
  const Page page = GetPage({});
  EXPECT_EQ(page.legs.size(), 20U);
  EXPECT_EQ(page.total, TrueLegs().size());
}

TEST_F(ApiTest, LeadsBackByBefore) {
  const Page first = GetPage({{"page[limit]", "50"}});
  EXPECT_EQ(first.before, "");
  const Page second = GetPage({{"page[limit]", "50"}, {"page[after]", first.after}});
  EXPECT_EQ(GetPage({{"page[limit]", "50"}, {"page[before]", second.before}}).legs, first.legs);
}

TEST_F(ApiTest, NamesTheNextPageAsTheApiDoes) {
  const HttpResponse response = Get(kPath, {{"page[limit]", "50"}});
  const std::string after = GetPage({{"page[limit]", "50"}}).after;
  EXPECT_THAT(BodyOf(response), HasSubstr("\"next\":\"" + kPath + "?page[after]=" + after + "\""));
}

TEST_F(ApiTest, KeepsPagesStableWhileCallsComeAndGo) {
  const std::set<std::string> at_start = [&] {
    const auto legs = TrueLegs();
    return std::set(legs.begin(), legs.end());
  }();
  std::vector<std::string> walked;
  std::string after;
  do {
    std::map<std::string, std::string> query = {{"page[limit]", "50"}};
    if (!after.empty()) query["page[after]"] = after;
    const Page page = GetPage(query);
    walked.insert(walked.end(), page.legs.begin(), page.legs.end());
    after = page.after;
    sim_clock_.Advance(3);
  } while (!after.empty());
  const std::set<std::string> seen(walked.begin(), walked.end());
  EXPECT_EQ(seen.size(), walked.size());
  for (const std::string& leg : TrueLegs()) {
    if (at_start.contains(leg)) {
      EXPECT_TRUE(seen.contains(leg)) << leg;
    }
  }
}

TEST_F(ApiTest, MakesCursorsThatMustBeEncoded) {
  const std::string after = GetPage({}).after;
  for (const char hard : {':', '+', '/', '='})
    EXPECT_NE(after.find(hard), std::string::npos) << hard;
}

TEST_F(ApiTest, RefusesAGarbledCursor) {
  std::string after = GetPage({}).after;
  std::ranges::replace(after, '+', ' ');
  for (const std::string& cursor : {after, std::string("null"), std::string("x")}) {
    const HttpResponse response = Get(kPath, {{"page[after]", cursor}});
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(
        BodyOf(response),
        R"({"errors":[{"code":"10015","title":"Bad request","detail":"The cursor is not one of ours.",)"
        R"("source":{"parameter":"page[after]"}}]})");
  }
}

TEST_F(ApiTest, RefusesALimitOutOfRange) {
  for (const char* limit : {"0", "251", "-1", "x", ""}) {
    const HttpResponse response = Get(kPath, {{"page[limit]", limit}});
    EXPECT_EQ(response.status, 422) << limit;
    EXPECT_THAT(BodyOf(response), HasSubstr(R"("code":"10033")"));
  }
}

TEST_F(ApiTest, RefusesAnythingButTheExactKey) {
  for (const char* authorization : {"", "Bearer WRONG", "bearer KEY", "KEY", "Bearer KEY "}) {
    const HttpResponse response = api_.Answer(FakeRequest(kPath, {}, "GET", authorization));
    EXPECT_EQ(response.status, 401) << authorization;
    EXPECT_THAT(BodyOf(response), HasSubstr(R"("code":"10009","title":"Authentication failed")"));
  }
}

TEST_F(ApiTest, DoesNotKnowOtherConnectionsAndPaths) {
  for (const char* path : {"/v2/connections/404/active_calls", "/v2/connections//active_calls",
                           "/v2/calls", "/v2/connections/1", "/", "/v3/connections"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
}

TEST_F(ApiTest, AnswersWithoutThePrefixToo) { EXPECT_EQ(Get(kPath.substr(3)).status, 200); }

TEST_F(ApiTest, AllowsReadingOnly) {
  const HttpResponse response = api_.Answer(FakeRequest(kPath, {}, "POST"));
  EXPECT_EQ(response.status, 405);
  EXPECT_THAT(response.headers, ::testing::Contains(::testing::Pair("Allow", "GET, HEAD")));
}

TEST_F(ApiTest, PagesByNumberWhenAsked) {
  const auto legs = TrueLegs();
  std::size_t rows = 0;
  for (std::uint64_t number = 1;; ++number) {
    const std::string body =
        BodyOf(Get(kPath, {{"page[number]", std::to_string(number)}, {"page[size]", "100"}}));
    simdjson::dom::parser parser;
    const simdjson::dom::element page = parser.parse(body);
    EXPECT_EQ(std::uint64_t(page["meta"]["page_number"]), number);
    EXPECT_EQ(std::uint64_t(page["meta"]["total_results"]), legs.size());
    rows += simdjson::dom::array(page["data"]).size();
    if (number == std::uint64_t(page["meta"]["total_pages"])) break;
  }
  EXPECT_EQ(rows, legs.size());
}

TEST_F(ApiTest, ListsConnections) {
  const std::string body =
      BodyOf(Get("/v2/connections", {{"page[size]", "1"}, {"page[number]", "2"}}));
  EXPECT_THAT(body, HasSubstr(R"("connection_name":"quote\"d")"));
  EXPECT_THAT(
      body,
      HasSubstr(R"("meta":{"page_number":2,"page_size":1,"total_pages":2,"total_results":2}})"));
  EXPECT_THAT(BodyOf(Get("/v2/connections", {{"filter[connection_name][contains]", "supp"}})),
              HasSubstr(R"("total_results":1)"));
}

class LimitedApiTest : public ApiTest {
 protected:
  LimitedApiTest() : ApiTest({.requests_per_second = 2}) {}
};

TEST_F(LimitedApiTest, Answers429PastItsLimitAndSaysSo) {
  EXPECT_THAT(Get(kPath).headers,
              ::testing::Contains(::testing::Pair("x-ratelimit-remaining", "1")));
  EXPECT_EQ(Get(kPath).status, 200);
  const HttpResponse refused = Get(kPath);
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.headers, ::testing::Contains(::testing::Pair("x-ratelimit-limit", "2")));
  EXPECT_THAT(refused.headers, ::testing::Contains(::testing::Pair("x-ratelimit-reset", "1")));
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Get(kPath).status, 200);
}

TEST_F(ApiTest, TellsTheTruthThatPagesTell) {
  const HttpResponse response =
      AnswerControl(world_, faults_, FakeRequest("/simulator/truth", {{"buckets", "60,600"}}));
  simdjson::dom::parser parser;
  const simdjson::dom::element truth = parser.parse(*response.body);
  EXPECT_EQ(bool(truth["frozen"]), true);
  EXPECT_EQ(std::uint64_t(truth["connections"].at(0)["legs"]), Walk("250").size());
  EXPECT_EQ(std::string_view(truth["connections"].at(1)["name"]), "quote\"d");
}

TEST_F(ApiTest, TheTruthCountsWhatHasBegunAndEnded) {
  simdjson::dom::parser parser;
  struct Counts {
    std::uint64_t legs;
    std::uint64_t started;
    std::uint64_t ended;
  };
  const auto read = [&]() -> Counts {
    const HttpResponse response =
        AnswerControl(world_, faults_, FakeRequest("/simulator/truth", {}));
    const simdjson::dom::element connection = parser.parse(*response.body)["connections"].at(0);
    return {
        .legs = connection["legs"], .started = connection["started"], .ended = connection["ended"]};
  };
  const Counts before = read();
  sim_clock_.Advance(600);
  const Counts after = read();
  EXPECT_GT(after.started, before.started + 1000);
  EXPECT_EQ(before.legs + after.started - before.started, after.legs + after.ended - before.ended);
}

TEST_F(ApiTest, MovesAFrozenTimeOn) {
  const auto post = [&](const char* path, std::map<std::string, std::string> query = {}) {
    return AnswerControl(world_, faults_, FakeRequest(path, std::move(query), "POST")).status;
  };
  const SimTime before = sim_clock_.Now();
  EXPECT_EQ(post("/simulator/advance", {{"seconds", "15"}}), 200);
  EXPECT_EQ(sim_clock_.Now(), before + 15);
  for (const char* seconds : {"x", "", "-1", "inf", "nan", "1e300", "604801"}) {
    EXPECT_EQ(post("/simulator/advance", {{"seconds", seconds}}), 400) << seconds;
  }
  EXPECT_EQ(post("/simulator/unfreeze"), 200);
  EXPECT_EQ(post("/simulator/advance", {{"seconds", "15"}}), 409);
  EXPECT_EQ(post("/simulator/freeze"), 200);
  EXPECT_EQ(post("/simulator/nothing"), 404);
}

TEST(Cursor, ComesBackAndNothingElseDoes) {
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0} >> 1U}) {
    for (const bool backwards : {false, true}) {
      const Place place{.leg_number = number, .backwards = backwards};
      EXPECT_EQ(DecodeCursor(EncodeCursor(place)), place);
    }
  }
  std::string cursor = EncodeCursor({5});
  cursor[15] = '!';
  EXPECT_EQ(DecodeCursor(cursor), std::nullopt);
  EXPECT_EQ(DecodeCursor(""), std::nullopt);
}

}  // namespace
}  // namespace telnyx_exporter::simulator
