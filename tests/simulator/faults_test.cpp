// Every fault as a client meets it on the wire.

#include "simulator/faults.h"

#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <zlib.h>

#include "base/gzip.h"
#include "base/text.h"
#include "fake_request.h"
#include "simulator/control.h"
#include "simulator/wire_server.h"
#include "support/http_client.h"
#include "support/manual_clock.h"
#include "support/raw_client.h"

namespace telnyx_exporter::simulator {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kShortId = "17";
const std::string kShortPath = "/v2/connections/17/active_calls";
const std::string kFirstPage = kShortPath + "?page%5Blimit%5D=100";

class FaultyApiTest : public ::testing::Test {
 protected:
  FaultyApiTest() {
    sim_clock_.Freeze();
    auto server = WireServer::Start({"127.0.0.1:0"}, [this](const HttpRequest& request) {
      return AnswerWithFaults(request, api_, rules_, "http://elsewhere.test:1");
    });
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
  }

  void SwitchOn(std::string_view text) { rules_.Add(*ParseFaultRule(text)); }

  RawClient::Received GetRaw(std::size_t enough = std::string::npos) {
    RawClient client(server_->bound_addresses().front());
    client.Send(
        fmt::format("GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\n\r\n", kFirstPage));
    return client.Receive(enough);
  }

  ClientResponse Get(const std::string& target = kFirstPage) {
    return Fetch("http://" + server_->bound_addresses().front() + target, "GET",
                 {"Authorization: Bearer KEY"});
  }

  struct Page {
    std::vector<std::string> legs;
    std::string after;
    std::uint64_t total = 0;
  };
  Page GetPage(const std::string& after) {
    std::string target = kFirstPage;
    if (!after.empty()) target += "&page%5Bafter%5D=" + PercentEncode(after);
    simdjson::dom::parser parser;
    const std::string body = Get(target).body;
    const simdjson::dom::element json = parser.parse(body);
    Page page{.total = json["meta"]["total_items"]};
    for (const simdjson::dom::element row : json["data"]) {
      page.legs.emplace_back(std::string_view(row["call_leg_id"]));
    }
    const simdjson::dom::element cursor = json["meta"]["cursors"]["after"];
    if (!cursor.is_null()) page.after = std::string_view(cursor);
    return page;
  }

  /// The pages of a walk, up to `most` of them.
  std::vector<Page> Walk(std::size_t most = 100, std::string after = {}) {
    std::vector<Page> pages;
    do {
      pages.push_back(GetPage(after));
      after = pages.back().after;
    } while (!after.empty() && pages.size() < most);
    return pages;
  }

  static std::vector<std::string> LegsOf(const std::vector<Page>& pages) {
    std::vector<std::string> legs;
    for (const Page& page : pages) legs.insert(legs.end(), page.legs.begin(), page.legs.end());
    return legs;
  }
  static std::set<std::string> AsSet(const std::vector<std::string>& legs) {
    return {legs.begin(), legs.end()};
  }

  std::vector<std::string> TrueLegs() {
    std::vector<std::string> legs;
    for (const auto& leg : world_.View(world_.accounts()[0], kShortId)->legs)
      legs.push_back(leg->id);
    return legs;
  }

  ManualClock clock_;
  SimClock sim_clock_{clock_, 1};
  CallWorld world_{
      {{.api_key = "KEY",
        .connections =
            {{.id = kShortId, .name = "support", .traffic = {{.mean_active_calls = 350}}},
             {.id = "2", .name = "other", .traffic = {{.mean_active_calls = 5}}}}}},
      sim_clock_};
  Api api_{{}, world_, clock_};
  FaultRules rules_{1};
  std::unique_ptr<WireServer> server_;
};

TEST_F(FaultyApiTest, StrikesTheAccountAtTheTimeThatARuleNames) {
  FaultRule rule = ParseFaultRule("status_503").value();
  rule.account = "default";
  rule.window = DayWindow{.from = 60, .until = 120};
  rules_.Add(rule);
  EXPECT_EQ(Get().status, 200);
  sim_clock_.Advance(60);
  EXPECT_EQ(Get().status, 503);
  EXPECT_EQ(Fetch("http://" + server_->bound_addresses().front() + kFirstPage, "GET", {}).status,
            401);
  sim_clock_.Advance(60);
  EXPECT_EQ(Get().status, 200);
}

TEST_F(FaultyApiTest, AnswersAsTheApiWithoutFaults) {
  EXPECT_EQ(LegsOf(Walk()), TrueLegs());
  EXPECT_GE(Walk().size(), 3U);
}

TEST_F(FaultyApiTest, EndsConnectionsInEveryWay) {
  SwitchOn("reset");
  EXPECT_EQ(GetRaw().end, RawClient::End::kReset);
  rules_.Clear();
  for (const char* fault : {"close", "half_close"}) {
    SwitchOn(fault);
    const auto received = GetRaw();
    EXPECT_EQ(received.bytes, "") << fault;
    EXPECT_EQ(received.end, RawClient::End::kClosed) << fault;
    rules_.Clear();
  }
  SwitchOn("close_body");
  const auto received = GetRaw();
  EXPECT_EQ(received.end, RawClient::End::kClosed);
  EXPECT_THAT(received.bytes, HasSubstr(R"({"data":[{"call_control_id":)"));
  EXPECT_THAT(received.bytes, Not(HasSubstr("total_items")));
  rules_.Clear();
  SwitchOn("reset_body");
  EXPECT_EQ(GetRaw().end, RawClient::End::kReset);
}

TEST_F(FaultyApiTest, AnswersTooSlowlyOrNever) {
  for (const char* fault : {"slow_loris", "slow_body"}) {
    SwitchOn(fault);
    EXPECT_THAT(GetRaw(1).bytes, StartsWith("H")) << fault;
    rules_.Clear();
  }
  SwitchOn("blackhole");
  RawClient client(server_->bound_addresses().front());
  client.Send(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", kShortPath));
  server_.reset();
  EXPECT_EQ(client.Receive().bytes, "");
}

TEST_F(FaultyApiTest, SendsMoreThanAnybodyWants) {
  SwitchOn("endless_headers");
  EXPECT_THAT(GetRaw(1'000'000).bytes, HasSubstr("x\r\nX-Filler: x"));
  rules_.Clear();
  SwitchOn("endless_header_line");
  EXPECT_THAT(GetRaw(1'000'000).bytes, EndsWith("xxxx"));
  rules_.Clear();
  SwitchOn("huge_body");
  EXPECT_THAT(GetRaw(1000).bytes, HasSubstr("Content-Length: 100000000\r\n"));
  rules_.Clear();
  SwitchOn("gzip_bomb");
  EXPECT_THAT(Get().body,
              StartsWith(Gzip(std::string(1'000'000, ' '), GzipLevel::kSmall).substr(0, 500)));
}

TEST_F(FaultyApiTest, BreaksTheContent) {
  const std::string whole = Get().body;
  const std::map<std::string, std::string> bodies = [&] {
    std::map<std::string, std::string> by_fault;
    for (const char* fault : {"truncated_gzip", "empty_200", "truncated_json", "invalid_utf8",
                              "wrong_types", "html_200", "negative_durations"}) {
      SwitchOn(fault);
      const ClientResponse response = Get();
      EXPECT_EQ(response.status, 200) << fault;
      by_fault[fault] = response.body;
      rules_.Clear();
    }
    return by_fault;
  }();
  const std::string gzip = Gzip(whole, GzipLevel::kSmall);
  EXPECT_EQ(bodies.at("truncated_gzip"), gzip.substr(0, gzip.size() / 2));
  EXPECT_EQ(bodies.at("empty_200"), "");
  EXPECT_EQ(bodies.at("truncated_json"), whole.substr(0, whole.size() / 2));
  EXPECT_THAT(bodies.at("invalid_utf8"), StartsWith("{\"note\":\"\xc3\x28\xff\",\"data\":["));
  EXPECT_THAT(bodies.at("wrong_types"), HasSubstr("\"was\":"));
  EXPECT_THAT(bodies.at("html_200"), StartsWith("<html>"));
  EXPECT_THAT(bodies.at("negative_durations"), HasSubstr(R"("call_duration":-)"));
}

TEST_F(FaultyApiTest, LeavesValidJsonWithWrongTypes) {
  SwitchOn("wrong_types");
  simdjson::dom::parser parser;
  std::set<std::string> different;
  while (different.size() < 5) {
    const std::string body = Get().body;
    EXPECT_EQ(parser.parse(body).error(), simdjson::SUCCESS);
    different.insert(body);
  }
}

TEST_F(FaultyApiTest, AnswersEveryStatus) {
  for (const auto& [fault, status] : std::map<std::string, long>{{"status_204", 204},
                                                                 {"redirect_301", 301},
                                                                 {"redirect_302", 302},
                                                                 {"status_401", 401},
                                                                 {"status_403", 403},
                                                                 {"status_404", 404},
                                                                 {"status_422", 422},
                                                                 {"status_429", 429},
                                                                 {"rate_limited", 429},
                                                                 {"status_500", 500},
                                                                 {"status_502", 502},
                                                                 {"status_503", 503}}) {
    SwitchOn(fault);
    const ClientResponse response = Get();
    EXPECT_EQ(response.status, status) << fault;
    if (status >= 400) {
      EXPECT_THAT(response.body, StartsWith(status < 500 ? R"({"errors":[)" : "<html>"));
    }
    EXPECT_EQ(response.headers.contains("retry-after"), fault == "rate_limited");
    EXPECT_EQ(response.headers.contains("x-ratelimit-reset"), fault == "rate_limited");
    rules_.Clear();
  }
}

// What a gateway sends: a status and headers that count, before a body that cannot be read.
TEST_F(FaultyApiTest, AnswersStatusesWithBodiesThatCannotBeRead) {
  for (const auto& [fault, status] : std::map<std::string, int>{
           {"cut_401", 401}, {"cut_404", 404}, {"cut_429", 429}, {"reset_503", 503}}) {
    SwitchOn(fault);
    const auto received = GetRaw();
    EXPECT_THAT(received.bytes, StartsWith(fmt::format("HTTP/1.1 {} ", status)));
    EXPECT_THAT(received.bytes, HasSubstr("Content-Length: "));
    EXPECT_THAT(received.bytes, Not(::testing::AnyOf(EndsWith("]}"), EndsWith("</html>\n"))));
    EXPECT_EQ(received.end == RawClient::End::kReset, fault == "reset_503") << fault;
    EXPECT_EQ(received.bytes.contains("Retry-After: 2\r\n"), fault == "cut_429");
    rules_.Clear();
  }
  for (const auto& [fault, status] :
       std::map<std::string, int>{{"undecodable_401", 401}, {"undecodable_429", 429}}) {
    SwitchOn(fault);
    const ClientResponse response = Get();
    EXPECT_EQ(response.status, status) << fault;
    EXPECT_EQ(response.headers.at("content-encoding"), "br") << fault;
    rules_.Clear();
  }
  SwitchOn("huge_502");
  EXPECT_EQ(Get().body.size(), 5'000'000U);
  rules_.Clear();
  SwitchOn("empty_403");
  EXPECT_EQ(Get().body, "");
}

TEST_F(FaultyApiTest, TellsOddQuotas) {
  const auto header = [&](const char* fault, const char* name) {
    SwitchOn(fault);
    const ClientResponse response = Get();
    rules_.Clear();
    return response.headers.at(name);
  };
  EXPECT_EQ(header("used_up_quota", "x-ratelimit-remaining"), "0");
  EXPECT_EQ(header("used_up_quota", "x-ratelimit-reset"), "60");
  EXPECT_EQ(header("huge_quota", "x-ratelimit-remaining"), "18446744073709551615");
  EXPECT_EQ(header("nonsense_quota", "x-ratelimit-reset"), "1e999");
  EXPECT_GT(std::stoll(header("rate_limited_until", "x-ratelimit-reset")), 1'600'000'000);
}

TEST_F(FaultyApiTest, WritesNumbersInOddWays) {
  const auto body = [&](const char* fault) {
    SwitchOn(fault);
    std::string text = Get().body;
    rules_.Clear();
    return text;
  };
  EXPECT_THAT(body("total_as_text"),
              HasSubstr(fmt::format(R"("total_items":"{}")", TrueLegs().size())));
  EXPECT_THAT(body("negative_total"), HasSubstr(R"("total_items":-)"));
  EXPECT_THAT(body("byte_order_mark"), StartsWith("\xef\xbb\xbf{"));
  EXPECT_THAT(body("decimal_durations"), ::testing::ContainsRegex(R"("call_duration":[0-9]+\.0})"));
  std::set<std::string> skewed;
  while (skewed.size() < 2) skewed.insert(body("skewed_durations"));
}

TEST_F(FaultyApiTest, NamesAnEncodingThatIsNone) {
  SwitchOn("encoding_none");
  std::set<std::string> names;
  while (names.size() < 2) names.insert(Get().headers.at("content-encoding"));
  EXPECT_THAT(names, ::testing::ElementsAre("identity", "none"));
}

TEST_F(FaultyApiTest, ListsWhatCannotBeUsedAndWithoutEnd) {
  SwitchOn("unusable_row");
  EXPECT_THAT(Get("/v2/connections").body, StartsWith(R"({"data":[{"id":"9999)"));
  EXPECT_EQ(LegsOf(Walk()), TrueLegs());
  rules_.Clear();
  SwitchOn("endless_list");
  const std::string list = Get("/v2/connections?page%5Bnumber%5D=7&page%5Bsize%5D=250").body;
  EXPECT_THAT(list, HasSubstr(R"("page_number":7,"page_size":250,"total_pages":8,)"));
  EXPECT_EQ(LegsOf(Walk()), TrueLegs());
}

TEST_F(FaultyApiTest, RedirectsToTheSameTargetElsewhere) {
  SwitchOn("redirect_301");
  EXPECT_EQ(Get().headers.at("location"), "http://elsewhere.test:1" + kFirstPage);
}

TEST_F(FaultyApiTest, CountsWrongly) {
  SwitchOn("wrong_total");
  EXPECT_EQ(GetPage("").total, TrueLegs().size() + 7);
  EXPECT_EQ(LegsOf(Walk()), TrueLegs());
}

TEST_F(FaultyApiTest, RepeatsACursor) {
  SwitchOn("repeated_cursor");
  const auto pages = Walk(4);
  ASSERT_EQ(pages.size(), 4U);
  EXPECT_EQ(pages[1].after, pages[0].after);
  EXPECT_EQ(pages[3].after, pages[0].after);
  EXPECT_FALSE(pages[3].legs.empty());
}

TEST_F(FaultyApiTest, LoopsThroughThreeCursors) {
  SwitchOn("cursor_loop");
  const auto pages = Walk(9);
  ASSERT_EQ(pages.size(), 9U);
  std::set<std::string> cursors;
  for (const Page& page : pages) cursors.insert(page.after);
  EXPECT_EQ(cursors.size(), 3U);
  EXPECT_EQ(pages[8].after, pages[2].after);
}

TEST_F(FaultyApiTest, NamesALongCursor) {
  SwitchOn("long_cursor");
  EXPECT_EQ(GetPage("").after.size(), 65'536U);
}

TEST_F(FaultyApiTest, HasPagesWithoutEnd) {
  SwitchOn("endless_pages");
  const auto pages = Walk(50);
  ASSERT_EQ(pages.size(), 50U);
  std::set<std::string> cursors;
  for (const Page& page : pages) {
    EXPECT_TRUE(cursors.insert(page.after).second);
    EXPECT_FALSE(page.legs.empty());
  }
}

TEST_F(FaultyApiTest, GivesPagesBackwards) {
  SwitchOn("backwards_pages");
  const auto pages = Walk();
  EXPECT_EQ(LegsOf(pages).size(), TrueLegs().size());
  EXPECT_EQ(AsSet(LegsOf(pages)), AsSet(TrueLegs()));
  EXPECT_EQ(pages.front().legs.back(), TrueLegs().back());
  EXPECT_EQ(pages.back().legs.front(), TrueLegs().front());
}

TEST_F(FaultyApiTest, GivesACallOnTwoPages) {
  SwitchOn("repeated_calls");
  const auto pages = Walk();
  EXPECT_EQ(pages[1].legs.front(), pages[0].legs.back());
  EXPECT_EQ(LegsOf(pages).size(), TrueLegs().size() + pages.size() - 1);
  EXPECT_EQ(AsSet(LegsOf(pages)), AsSet(TrueLegs()));
}

TEST_F(FaultyApiTest, IgnoresTheLimit) {
  SwitchOn("ignored_limit");
  const auto pages = Walk();
  EXPECT_EQ(pages.front().legs.size(), std::min<std::size_t>(400, TrueLegs().size()));
  EXPECT_EQ(LegsOf(pages), TrueLegs());
}

TEST_F(FaultyApiTest, LeadsOnRightlyWhenAFaultGoesInTheMiddle) {
  const auto truth = AsSet(TrueLegs());
  for (const char* fault : {"repeated_cursor", "cursor_loop", "endless_pages", "backwards_pages",
                            "repeated_calls", "ignored_limit"}) {
    for (std::size_t broken = 1; broken <= 8; ++broken) {
      SwitchOn(fault);
      auto pages = Walk(broken);
      rules_.Clear();
      if (!pages.back().after.empty()) {
        const auto rest = Walk(100, pages.back().after);
        pages.insert(pages.end(), rest.begin(), rest.end());
      }
      EXPECT_EQ(AsSet(LegsOf(pages)), truth) << fault << " after page " << broken;
    }
  }
}

TEST_F(FaultyApiTest, LeavesPagesByNumberAlone) {
  for (const char* fault : {"repeated_cursor", "cursor_loop", "endless_pages", "long_cursor"}) {
    SwitchOn(fault);
    EXPECT_THAT(Get(kShortPath + "?page%5Bnumber%5D=1").body, HasSubstr("\"page_number\":1,"))
        << fault;
    rules_.Clear();
  }
}

TEST_F(FaultyApiTest, SparesOtherConnectionsAndFirstPages) {
  SwitchOn("status_500@2");
  EXPECT_EQ(Get().status, 200);
  SwitchOn("status_500:later@17");
  const Page first = GetPage("");
  EXPECT_EQ(Get(kFirstPage + "&page%5Bafter%5D=" + PercentEncode(first.after)).status, 500);
}

class FaultControlTest : public FaultyApiTest {
 protected:
  HttpResponse Control(const std::string& method, std::map<std::string, std::string> query = {}) {
    return AnswerControl(world_, rules_,
                         FakeRequest("/simulator/faults", std::move(query), method));
  }
};

TEST_F(FaultControlTest, ListsWhatIsOnAndWhatThereIs) {
  SwitchOn("reset:0.5@2");
  simdjson::dom::parser parser;
  const HttpResponse response = Control("GET");
  const simdjson::dom::element list = parser.parse(*response.body);
  EXPECT_EQ(std::string_view(list["on"].at(0)), "reset:0.5@2");
  EXPECT_EQ(simdjson::dom::array(list["faults"]).size(), AllFaults().size());
  EXPECT_EQ(std::string_view(list["faults"].at(0)["name"]), AllFaults()[0].name);
  EXPECT_EQ(std::string_view(list["faults"].at(0)["help"]), AllFaults()[0].help);
}

TEST_F(FaultControlTest, SwitchesOnAndOff) {
  EXPECT_EQ(Control("POST", {{"fault", "reset@17"}}).status, 200);
  EXPECT_EQ(Control("POST", {{"fault", "close"}}).status, 200);
  EXPECT_EQ(rules_.Texts().size(), 2U);
  EXPECT_EQ(Control("DELETE", {{"fault", "reset@17"}}).status, 200);
  EXPECT_THAT(rules_.Texts(), ::testing::ElementsAre("close"));
  EXPECT_EQ(Control("DELETE").status, 200);
  EXPECT_TRUE(rules_.Texts().empty());
}

TEST_F(FaultControlTest, RefusesWhatIsNotThere) {
  EXPECT_THAT(*Control("POST", {{"fault", "rset"}}).body, HasSubstr("use one of reset, "));
  EXPECT_EQ(Control("POST").status, 400);
  EXPECT_EQ(Control("POST", {{"fault", "reset@404"}}).status, 404);
  EXPECT_EQ(Control("DELETE", {{"fault", "reset"}}).status, 404);
  rules_.Add({.fault = FindFault("reset"), .account = "main"});
  ASSERT_EQ(rules_.Texts().size(), 1U);
  EXPECT_EQ(Control("DELETE", {{"fault", rules_.Texts()[0]}}).status, 200);
  EXPECT_TRUE(rules_.Texts().empty());
  EXPECT_EQ(Control("DELETE", {{"fault", "x"}}).status, 400);
}

}  // namespace
}  // namespace telnyx_exporter::simulator
