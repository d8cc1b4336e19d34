#include "telnyx/page_parser.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/padded.h"
#include "support/pages.h"

namespace telnyx_exporter {
namespace {

constexpr const char* kLeg = "2dc6fc34-f9e0-11ea-b68e-000000000001";

struct ParsedPage {
  Result<PageInfo> page;
  std::vector<ActiveCall> calls;
};

ParsedPage ParsePage(const std::string& body) {
  PageParser parser;
  std::vector<ActiveCall> calls;
  auto page = parser.Parse(Padded(body), calls);
  // With a blank in front simdjson reads all of it: rows that can be scanned must mean the same.
  std::vector<ActiveCall> same_calls;
  const std::string with_blank = body.starts_with("\xEF\xBB\xBF") ? body : " " + body;
  EXPECT_EQ(parser.Parse(Padded(with_blank), same_calls), page);
  EXPECT_EQ(same_calls, calls);
  return {std::move(page), std::move(calls)};
}

std::string PageErrorOf(const std::string& body) {
  const ParsedPage parsed = ParsePage(body);
  EXPECT_TRUE(parsed.calls.empty());
  return parsed.page ? "no error" : parsed.page.error().message;
}

// A page with one row of these members.
std::string OneRow(const std::string& members) {
  return fmt::format(R"({{"data":[{{{}}}],"meta":{{}}}})", members);
}

std::string Duration(const std::string& duration) {
  return OneRow(fmt::format(R"("call_leg_id":"{}","call_session_id":"s","call_duration":{})", kLeg,
                            duration));
}

CallId FirstRow() { return ParseCallId(Uuid(1)); }

std::string Meta(const std::string& members) {
  return fmt::format(R"({{"data":[{}],"meta":{{{}}}}})", Row(1, 1, 30), members);
}

TEST(PageParser, ReadsThePageOfTheApisDescription) {
  const ParsedPage parsed = ParsePage(Page({Row(1, 1, 50), Row(2, 1, 7)}, "v1:g3Q=", 50));
  ASSERT_TRUE(parsed.page.has_value()) << parsed.page.error().message;
  EXPECT_EQ(*parsed.page,
            (PageInfo{.rows = 2, .first_row = FirstRow(), .after = "v1:g3Q=", .total_items = 50}));
  ASSERT_EQ(parsed.calls.size(), 2U);
  EXPECT_EQ(parsed.calls[0].leg, ParseCallId(Uuid(1)));
  EXPECT_EQ(parsed.calls[0].session, ParseCallId(Uuid(1'000'001)));
  EXPECT_EQ(parsed.calls[0].duration_seconds, 50U);
  EXPECT_TRUE(parsed.calls[0].has_session);
}

TEST(PageParser, ReadsThePageNumberForm) {
  const ParsedPage parsed =
      ParsePage(Meta(R"("page_number":2,"page_size":20,"total_pages":7,"total_results":130)"));
  EXPECT_EQ(*parsed.page, (PageInfo{.rows = 1,
                                    .first_row = FirstRow(),
                                    .page_number = 2,
                                    .page_size = 20,
                                    .total_pages = 7,
                                    .total_items = 130}));
}

TEST(PageParser, ReadsMembersInAnyOrderAndPassesOverUnknownOnes) {
  const ParsedPage parsed = ParsePage(fmt::format(
      R"({{"x":[1,{{"data":[]}}],"meta":{{"y":{{"after":"no"}},"total_items":1,"cursors":{{"before":"b","after":"a"}}}},)"
      R"("data":[{{"call_duration":3,"new":{{"call_leg_id":"no"}},"record_type":"call","call_leg_id":"{}",)"
      R"("list":[[],{{}}],"call_session_id":"s"}}],"z":null}})",
      kLeg));
  ASSERT_TRUE(parsed.page.has_value()) << parsed.page.error().message;
  EXPECT_EQ(parsed.page->after, "a");
  ASSERT_EQ(parsed.calls.size(), 1U);
  EXPECT_EQ(parsed.calls[0].leg, ParseCallId(kLeg));
  EXPECT_EQ(parsed.calls[0].session, ParseCallId("s"));
}

TEST(PageParser, UnescapesTexts) {
  const ParsedPage parsed = ParsePage(OneRow(
      R"("call\u005fleg_id":"\u0032dc6fc34-f9e0-11ea-b68e-000000000001","call_session_id":"a\"b","call_duration":1)"));
  ASSERT_TRUE(parsed.page.has_value()) << parsed.page.error().message;
  EXPECT_EQ(parsed.calls[0].leg, ParseCallId(kLeg));
  EXPECT_EQ(parsed.calls[0].session, ParseCallId("a\"b"));
}

// Whatever a text's length, and wherever a byte stands that differs from a quote or a backslash in
// its lowest bit: '#' and ']'.
TEST(PageParser, ReadsTextsOfEveryLength) {
  for (std::size_t length = 1; length < 80; ++length) {
    for (std::size_t place = 0; place < length; ++place) {
      for (const std::string_view text : {"a", "#", "]", R"(\")", R"(\\)"}) {
        const std::string before(place, 'b');
        const std::string after(length - place - 1, 'c');
        const std::string leg = before + std::string(text) + after;
        const ParsedPage parsed =
            ParsePage(OneRow(fmt::format(R"("call_leg_id":"{}","call_duration":1)", leg)));
        ASSERT_TRUE(parsed.page.has_value()) << leg;
        ASSERT_EQ(parsed.calls[0].leg, ParseCallId(before + text.back() + after)) << leg;
      }
    }
  }
}

TEST(PageParser, TakesForAUuidOnlyWhatIsOneToItsEnd) {
  const std::string uuid = kLeg;
  for (const std::string& leg : {uuid + "0", uuid.substr(1), "x" + uuid.substr(1)}) {
    const ParsedPage parsed =
        ParsePage(OneRow(fmt::format(R"("call_leg_id":"{}","call_duration":1)", leg)));
    ASSERT_TRUE(parsed.page.has_value()) << leg;
    EXPECT_EQ(parsed.calls[0].leg, ParseCallId(leg));
    EXPECT_FALSE(IsUuid(parsed.calls[0].leg)) << leg;
  }
}

TEST(PageParser, TellsMembersApartWhoseNamesBeginAlike) {
  const ParsedPage parsed = ParsePage(OneRow(fmt::format(
      R"("call_leg_id":"{}","call_leg_id2":"no","call_leg_i":"no","call_duration":1,"call_durations":7)",
      kLeg)));
  ASSERT_TRUE(parsed.page.has_value()) << parsed.page.error().message;
  EXPECT_EQ(parsed.calls[0].leg, ParseCallId(kLeg));
  EXPECT_EQ(parsed.calls[0].duration_seconds, 1U);
}

TEST(PageParser, BearsAMissingOrEmptySession) {
  for (const char* session : {"", R"("call_session_id":null,)", R"("call_session_id":"",)"}) {
    const ParsedPage parsed =
        ParsePage(OneRow(fmt::format(R"({}"call_leg_id":"{}","call_duration":1)", session, kLeg)));
    ASSERT_TRUE(parsed.page.has_value()) << session;
    EXPECT_FALSE(parsed.calls[0].has_session);
  }
}

TEST(PageParser, RefusesARowWithoutAUsableLegOrDuration) {
  EXPECT_EQ(PageErrorOf(OneRow(R"("call_duration":1)")), "data[0].call_leg_id is missing");
  EXPECT_EQ(PageErrorOf(OneRow(R"("call_leg_id":"x")")), "data[0].call_duration is missing");
  for (const char* leg : {"null", "\"\"", "5", "[]", "{}", "true"}) {
    EXPECT_EQ(PageErrorOf(OneRow(fmt::format(R"("call_leg_id":{},"call_duration":1)", leg))),
              "data[0].call_leg_id is not an id")
        << leg;
  }
}

TEST(PageParser, RefusesDurationsThatAreNone) {
  for (const char* duration :
       {"null", "\"50\"", "-1", "1.5", "1e3", "[]", "true", "31536001", "12.5", "12.", "012.0",
        "-12.0", "12.0.0", "12.0e1", "18446744073709551616", "99999999999999999999999999"}) {
    EXPECT_EQ(PageErrorOf(Duration(duration)),
              "data[0].call_duration is not an integer from 0 to 31536000")
        << duration;
  }
  EXPECT_EQ(ParsePage(Duration("31536000")).calls.at(0).duration_seconds, 31536000U);
  EXPECT_EQ(ParsePage(Duration("12.0")).calls.at(0).duration_seconds, 12U);
  EXPECT_EQ(ParsePage(Duration("12.000")).calls.at(0).duration_seconds, 12U);
  EXPECT_EQ(ParsePage(Duration("0.0")).calls.at(0).duration_seconds, 0U);
  EXPECT_EQ(ParsePage(Duration("0")).calls.at(0).duration_seconds, 0U);
}

TEST(PageParser, SaysWhichRow) {
  EXPECT_EQ(PageErrorOf(Page({Row(1, 1, 1), Row(2, 2, 2), R"({"call_leg_id":"x"})"}, "", 3)),
            "data[2].call_duration is missing");
  EXPECT_EQ(PageErrorOf(Page({Row(1, 1, 1), "5"}, "", 2)), "data[1] is not an object");
}

TEST(PageParser, RefusesWhatIsNotAPage) {
  for (const char* body : {"", " ", "null", "5", "\"x\"", "[]", "<html><body>502</body></html>"}) {
    EXPECT_NE(PageErrorOf(body), "no error") << body;
  }
  EXPECT_EQ(PageErrorOf("{}"), "data is missing");
  EXPECT_EQ(PageErrorOf(R"({"errors":[]})"), "data is missing");
  EXPECT_EQ(PageErrorOf(R"({"data":{},"meta":{}})"), "data is not a list");
  EXPECT_EQ(PageErrorOf(R"({"data":null,"meta":{}})"), "data is not a list");
  EXPECT_EQ(PageErrorOf(R"({"data":[],"data":[],"meta":{}})"), "duplicate data");
  EXPECT_EQ(PageErrorOf(R"({"data":[],"meta":{},"meta":{}})"), "duplicate meta");
}

TEST(PageParser, RefusesAPageThatDoesNotSayWhetherItIsTheLast) {
  EXPECT_EQ(PageErrorOf(fmt::format(R"({{"data":[{}]}})", Row(1, 1, 1))), "meta is missing");
  EXPECT_TRUE(ParsePage(R"({"data":[]})").page.has_value());
}

TEST(PageParser, RefusesAPageWhoseErrorsAreNoJson) {
  const std::string error = PageErrorOf(R"({"errors":YZ})");
  // simdjson 4 does not yet look at what is in there.
  EXPECT_TRUE(error.starts_with("the body is not the JSON of a page: ") ||
              error == "errors are reported beside the data")
      << error;
}

TEST(PageParser, RefusesAPageThatReportsErrors) {
  EXPECT_EQ(PageErrorOf(R"({"data":[],"errors":[{"code":"10007"}]})"),
            "errors are reported beside the data");
  EXPECT_EQ(PageErrorOf(R"({"errors":["x"],"data":[],"meta":{}})"),
            "errors are reported beside the data");
  for (const char* some : {R"({"code":"10007"})", R"("internal")", "true", "500"}) {
    const auto page = fmt::format(R"({{"data":[],"errors":{}}})", some);
    EXPECT_EQ(PageErrorOf(page), "errors are reported beside the data") << some;
  }
  for (const char* none : {"[]", "null", "{}", "\"\"", "false", "0"}) {
    const auto page = fmt::format(R"({{"errors":{},"data":[]}})", none);
    EXPECT_TRUE(ParsePage(page).page.has_value()) << none;
  }
}

TEST(PageParser, RefusesAnythingBehindTheDocument) {
  using namespace std::string_literals;
  for (const std::string& rest : {"x"s, "{}"s, ","s, "]"s, "\""s, "\0x"s, "\0"s}) {
    EXPECT_NE(PageErrorOf(Page({Row(1, 1, 1)}, "", 1) + rest), "no error") << rest;
  }
  EXPECT_TRUE(ParsePage(Page({Row(1, 1, 1)}, "", 1) + " \n").page.has_value());
}

TEST(PageParser, RefusesAPageCutShortAtAnyByte) {
  const std::string page = Page({Row(1, 1, 50), Row(2, 2, 7)}, "v1:g3Q=", 50);
  for (std::size_t size = 0; size < page.size(); ++size) {
    EXPECT_NE(PageErrorOf(page.substr(0, size)), "no error") << size;
  }
}

TEST(PageParser, RefusesBytesThatAreNotUtf8) {
  EXPECT_NE(PageErrorOf(OneRow("\"call_leg_id\":\"\xff\",\"call_duration\":1")), "no error");
  EXPECT_NE(PageErrorOf(OneRow(
                fmt::format("\"call_leg_id\":\"{}\",\"x\":\"\xc3\",\"call_duration\":1", kLeg))),
            "no error");
}

TEST(PageParser, BearsDeepNesting) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  PageErrorOf(OneRow("\"x\":" + deep));
  PageErrorOf(deep);
}

// What names the next page must be readable, unless another field names it.
TEST(PageParser, RefusesAPageWhoseNextOneCannotBeFound) {
  for (const char* cursors : {"5", "[]", "\"c\"", "true"}) {
    EXPECT_EQ(PageErrorOf(Meta(fmt::format(R"("cursors":{})", cursors))),
              "meta.cursors is not an object");
  }
  for (const char* text : {"5", "[]", "{}", "true"}) {
    EXPECT_EQ(PageErrorOf(Meta(fmt::format(R"("cursors":{{"after":{}}})", text))),
              "meta.cursors.after is not a string");
    EXPECT_EQ(PageErrorOf(Meta(fmt::format(R"("next":{},"cursors":{{"after":null}})", text))),
              "meta.next is not a string");
  }
  for (const char* pages : {"\"3\"", "1.5", "-1", "1e30", "[]", "true"}) {
    EXPECT_EQ(PageErrorOf(Meta(fmt::format(R"("total_pages":{})", pages))),
              "meta.total_pages is not a non-negative integer");
  }
  for (const char* meta : {"null", "[]", "5", "\"x\"", "true"}) {
    EXPECT_EQ(PageErrorOf(fmt::format(R"({{"data":[{}],"meta":{}}})", Row(1, 1, 30), meta)),
              "meta is not an object");
  }
}

TEST(PageParser, IgnoresWhatItDoesNotNeedToFindTheNextPage) {
  EXPECT_EQ(ParsePage(Meta(R"("next":5,"total_pages":"x","cursors":{"after":"c"})")).page,
            (PageInfo{.rows = 1, .first_row = FirstRow(), .after = "c", .ignored_fields = 2}));
  EXPECT_EQ(ParsePage(Meta(R"("cursors":[],"next":{},"total_pages":3)")).page,
            (PageInfo{.rows = 1, .first_row = FirstRow(), .total_pages = 3, .ignored_fields = 2}));
  EXPECT_EQ(ParsePage(R"({"data":[],"meta":[]})").page, (PageInfo{.rows = 0, .ignored_fields = 2}));
  EXPECT_EQ(ParsePage(Meta(R"("cursors":{"before":5,"after":"c"})")).page,
            (PageInfo{.rows = 1, .first_row = FirstRow(), .after = "c"}));
}

TEST(PageParser, IgnoresCountsThatAreNone) {
  for (const char* count : {"\"5\"", "-5", "1.5", "1e30", "true", "{}", "[1]", "nul"}) {
    for (const char* name : {"total_items", "total_results", "page_number", "page_size"}) {
      EXPECT_EQ(ParsePage(Meta(fmt::format(R"("{}":{})", name, count))).page,
                (PageInfo{.rows = 1, .first_row = FirstRow(), .ignored_fields = 1}))
          << name << " " << count;
    }
  }
}

TEST(PageParser, TakesAWholeNumberWithAPointForWhatItIs) {
  EXPECT_EQ(ParsePage(Meta(R"("total_items":12.0,"page_number":2.0,"page_size":20.0,)"
                           R"("total_pages":7.00)"))
                .page,
            (PageInfo{.rows = 1,
                      .first_row = FirstRow(),
                      .page_number = 2,
                      .page_size = 20,
                      .total_pages = 7,
                      .total_items = 12}));
  EXPECT_EQ(ParsePage(Meta(R"("total_items":18446744073709551615.0)")).page->total_items,
            18446744073709551615U);
}

TEST(PageParser, TakesASessionThatIsNoneForMissing) {
  for (const char* session : {"5", "true", "[]", "{}", "nul"}) {
    const ParsedPage parsed = ParsePage(OneRow(fmt::format(
        R"("call_session_id":{},"call_leg_id":"{}","call_duration":1)", session, kLeg)));
    ASSERT_TRUE(parsed.page.has_value()) << parsed.page.error().message;
    EXPECT_EQ(parsed.page->ignored_fields, 1U) << session;
    EXPECT_FALSE(parsed.calls.at(0).has_session);
  }
}

TEST(PageParser, SkipsAByteOrderMark) {
  EXPECT_EQ(ParsePage("\xEF\xBB\xBF" + Page({Row(1, 1, 50)}, "", 1)).page,
            (PageInfo{.rows = 1, .first_row = FirstRow(), .total_items = 1}));
}

TEST(PageParser, TakesNullMetaForNone) {
  const ParsedPage parsed = ParsePage(Meta(R"("cursors":null,"next":null,"total_items":null)"));
  EXPECT_EQ(*parsed.page, (PageInfo{.rows = 1, .first_row = FirstRow()}));
  EXPECT_EQ(ParsePage(Meta(R"("cursors":{"after":null})")).page->after, "");
}

TEST(PageParser, DoesNotTakeForNullWhatOnlyBeginsLikeIt) {
  for (const char* value : {"nul", "nulL", "nullnull", "n"}) {
    EXPECT_EQ(PageErrorOf(Meta(fmt::format(R"("cursors":{})", value))),
              "meta.cursors is not an object");
  }
}

TEST(PageParser, RefusesACursorThatDoesNotFitIntoARequest) {
  EXPECT_EQ(
      PageErrorOf(Meta(fmt::format(R"("cursors":{{"after":"{}"}})", std::string(65536, 'x')))),
      "meta.cursors.after has 65536 bytes, more than 4096");
}

TEST(PageParser, TakesTheCursorOutOfTheNextAddress) {
  EXPECT_EQ(ParsePage(Meta(R"("next":"/v2/connections/1/active_calls?page[after]=v1:a+/b==")"))
                .page->after,
            "v1:a+/b==");
  EXPECT_EQ(PageErrorOf(Meta(R"("next":"/v2/connections/1/active_calls")")),
            "meta.next names a next page but no cursor");
}

TEST(PageParser, PrefersTheCursorToTheNextAddress) {
  EXPECT_EQ(ParsePage(Meta(R"("next":"/x?page[after]=n","cursors":{"after":"c"})")).page->after,
            "c");
  EXPECT_EQ(ParsePage(Meta(R"("next":"/x?page[after]=n","cursors":{"after":null})")).page->after,
            "n");
}

TEST(PageParser, AppendsToWhatIsThere) {
  PageParser parser;
  std::vector<ActiveCall> calls;
  ASSERT_TRUE(parser.Parse(Padded(Page({Row(1, 1, 1)}, "c", 2)), calls).has_value());
  ASSERT_TRUE(parser.Parse(Padded(Page({Row(2, 2, 2)}, "", 2)), calls).has_value());
  ASSERT_FALSE(parser.Parse(Padded(Page({Row(3, 3, 3), "{}"}, "", 2)), calls).has_value());
  EXPECT_EQ(calls.size(), 2U);
}

TEST(PageParser, NeverQuotesThePage) {
  for (const std::string& body : {OneRow(R"("call_leg_id":["SECRET"],"call_duration":1)"),
                                  Meta(R"("cursors":{"after":{"SECRET":1}})"),
                                  Duration("\"SECRET\""), std::string("SECRET")}) {
    EXPECT_EQ(PageErrorOf(body).find("SECRET"), std::string::npos) << body;
  }
}

TEST(CursorOfNextAddress, ReadsRawAndEncodedForms) {
  EXPECT_EQ(CursorOfNextAddress("/v2/x?page[after]=v1:a+/b=="), "v1:a+/b==");
  EXPECT_EQ(CursorOfNextAddress("/v2/x?page%5Bafter%5D=v1%3Aa%2B%2Fb%3D%3D"), "v1:a+/b==");
  EXPECT_EQ(CursorOfNextAddress("/v2/x?page[limit]=5&page[after]=c&y#f"), "c");
  EXPECT_EQ(CursorOfNextAddress("https://evil.example/?page[after]=c"), "c");
}

TEST(CursorOfNextAddress, FindsNoneWhereNoneIs) {
  for (const char* address : {"", "/v2/x", "?", "?page[after]", "?page[after]=", "?page[before]=c",
                              "?page[after]=%zz", "/page[after]=c"}) {
    EXPECT_EQ(CursorOfNextAddress(address), "") << address;
  }
}

}  // namespace
}  // namespace telnyx_exporter
