#include "telnyx/connection_list.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/padded.h"

namespace telnyx_exporter {
namespace {

constexpr const char* kMeta =
    R"("meta":{"total_pages":1,"total_results":1,"page_number":1,"page_size":250})";

std::string ListOf(const std::string& rows) {
  return fmt::format(R"({{"data":[{}],{}}})", rows, kMeta);
}

// A row with an id, a kind and these members.
std::string Connection(const std::string& members) {
  return fmt::format(R"({{"id":"1","record_type":"ip_connection",{}}})", members);
}

struct ParsedList {
  Result<PageInfo> page;
  std::vector<ListedConnection> connections;
  RowsLeftOut unusable;
};

ParsedList ParseList(const std::string& body) {
  ConnectionListParser parser;
  std::vector<ListedConnection> connections;
  RowsLeftOut unusable;
  auto page = parser.ParseConnections(Padded(body), connections, unusable);
  return {std::move(page), std::move(connections), std::move(unusable)};
}

ListedConnection ParseOne(const std::string& row) {
  ParsedList parsed = ParseList(ListOf(row));
  EXPECT_TRUE(parsed.page.has_value()) << parsed.page.error().message;
  EXPECT_EQ(parsed.connections.size(), 1U);
  return parsed.connections.empty() ? ListedConnection{} : parsed.connections.front();
}

std::string ListErrorOf(const std::string& body) {
  const ParsedList parsed = ParseList(body);
  EXPECT_TRUE(parsed.connections.empty());
  return parsed.page ? "no error" : parsed.page.error().message;
}

// The names of the rows that are left out of such a list.
std::vector<std::string> LeftOutOf(const std::string& rows) {
  const ParsedList parsed = ParseList(ListOf(rows));
  EXPECT_TRUE(parsed.page.has_value()) << parsed.page.error().message;
  EXPECT_EQ(parsed.unusable.count, parsed.unusable.names.size());
  return parsed.unusable.names;
}

TEST(ConnectionListParser, ReadsThePageOfTheApisDescription) {
  const ParsedList parsed = ParseList(
      R"({"data":[{"id":"6a09cdc3-8948-47f0-aa62-74ac943d6c58","record_type":"ip_connection",)"
      R"("active":true,"anchorsite_override":"Latency","connection_name":"office",)"
      R"("created_at":"2018-02-02T22:25:27.521Z","tags":["tag1","tag2"],)"
      R"("webhook_event_url":"https://example.com","webhook_event_failover_url":null,)"
      R"("webhook_api_version":"1","outbound_voice_profile_id":"1293384261075731499"}],)"
      R"("meta":{"total_pages":3,"total_results":55,"page_number":2,"page_size":25}})");
  ASSERT_TRUE(parsed.page.has_value()) << parsed.page.error().message;
  EXPECT_EQ(*parsed.page,
            (PageInfo{.rows = 1,
                      .first_row = ParseCallId("6a09cdc3-8948-47f0-aa62-74ac943d6c58"),
                      .page_number = 2,
                      .page_size = 25,
                      .total_pages = 3,
                      .total_items = 55}));
  EXPECT_THAT(parsed.connections, ::testing::ElementsAre(ListedConnection{
                                      .id = "6a09cdc3-8948-47f0-aa62-74ac943d6c58",
                                      .record_type = "ip_connection",
                                      .name = "office",
                                      .has_webhook = true,
                                      .outbound_voice_profile_id = "1293384261075731499",
                                      .tags = {"tag1", "tag2"}}));
}

TEST(ConnectionListParser, ReadsTheListsByKindWithTheirLimits) {
  EXPECT_EQ(ParseOne(R"({"id":"1","record_type":"call_control_application","active":false,)"
                     R"("application_name":"ivr","webhook_event_url":"https://example.com",)"
                     R"("inbound":{"channel_limit":10,"sip_subdomain":"x"},)"
                     R"("outbound":{"channel_limit":null,"outbound_voice_profile_id":"7"}})"),
            (ListedConnection{.id = "1",
                              .record_type = "call_control_application",
                              .name = "ivr",
                              .has_webhook = true,
                              .outbound_voice_profile_id = "7",
                              .inbound_channel_limit = 10}));
  EXPECT_EQ(ParseOne(R"({"id":"2","record_type":"texml_application","friendly_name":"menu",)"
                     R"("outbound":{"channel_limit":0}})"),
            (ListedConnection{.id = "2",
                              .record_type = "texml_application",
                              .name = "menu",
                              .outbound_channel_limit = 0}));
}

TEST(ConnectionListParser, TakesTheNameThatIsThere) {
  for (const std::string none : {"null", R"("")"}) {
    EXPECT_EQ(ParseOne(R"({"id":"1","record_type":"ip_connection","connection_name":"support",)"
                       R"("friendly_name":)" +
                       none + "}")
                  .name,
              "support");
  }
}

TEST(ConnectionListParser, KeepsEveryDigitOfABareNumber) {
  EXPECT_EQ(ParseOne(R"({"id":1293384261075731461,"record_type":"ip_connection"})").id,
            "1293384261075731461");
  EXPECT_EQ(ParseOne(R"({"record_type":"ip_connection","id": 184467440737095516159999 })").id,
            "184467440737095516159999");
  EXPECT_EQ(ParseOne(Connection(R"("outbound":{"outbound_voice_profile_id":12})"))
                .outbound_voice_profile_id,
            "12");
}

TEST(ConnectionListParser, LeavesOutRowsWithOtherIds) {
  const std::string too_long(kMaxListedIdBytes + 1, '1');
  for (const std::string& id : std::vector<std::string>{
           "-1", "1.5", "1e3", "007", "12abc", "true", "[]", "{}", "nul", "null", R"("")",
           R"("a\u0000b")", fmt::format(R"("{}")", too_long), too_long}) {
    EXPECT_THAT(LeftOutOf(fmt::format(R"({{"id":"1","record_type":"x"}},{{"id":{},)"
                                      R"("record_type":"x"}},{{"id":"3","record_type":"x"}})",
                                      id)),
                ::testing::ElementsAre("data[1]"))
        << id;
  }
}

TEST(ConnectionListParser, LeavesOutRowsWithoutAnIdOrKind) {
  EXPECT_THAT(
      LeftOutOf(R"({"record_type":"ip_connection"},{"id":"2"},{"id":"3","record_type":5},)"
                R"(5,null,[],{},{"id":"8","record_type":""})"),
      ::testing::ElementsAre("data[0]", "2", "3", "data[3]", "data[4]", "data[5]", "data[6]", "8"));
}

TEST(ConnectionListParser, KeepsTheOtherRowsOfAPage) {
  const ParsedList parsed = ParseList(ListOf(Connection(R"("tags":[])") + R"(,{"tags":[5,[{}]],)" +
                                             R"("id":"2","record_type":"ip_connection"},)" +
                                             R"({"id":"3","record_type":"ip_connection"})"));
  ASSERT_TRUE(parsed.page.has_value()) << parsed.page.error().message;
  EXPECT_EQ(parsed.page->rows, 3U);
  EXPECT_THAT(parsed.connections,
              ::testing::ElementsAre(ListedConnection{.id = "1", .record_type = "ip_connection"},
                                     ListedConnection{.id = "3", .record_type = "ip_connection"}));
  EXPECT_THAT(parsed.unusable.names, ::testing::ElementsAre("2"));
}

TEST(ConnectionListParser, NamesTheFirstRowsAndCountsAll) {
  std::string rows = "{}";
  for (int i = 1; i < 100'000; ++i) rows += ",{}";
  const ParsedList parsed = ParseList(ListOf(rows));
  EXPECT_EQ(parsed.unusable.count, 100'000U);
  EXPECT_EQ(parsed.unusable.names.size(), kMaxNamedRows);
}

TEST(ConnectionListParser, TakesNullForNothing) {
  EXPECT_EQ(
      ParseOne(Connection(R"("connection_name":null,"webhook_event_url":null,"tags":null,)"
                          R"("outbound_voice_profile_id":null,"inbound":null,"outbound":null)")),
      (ListedConnection{.id = "1", .record_type = "ip_connection"}));
  EXPECT_EQ(ParseOne(Connection(R"("webhook_event_url":"","outbound_voice_profile_id":"")")),
            (ListedConnection{.id = "1", .record_type = "ip_connection"}));
}

TEST(ConnectionListParser, LeavesOutRowsWhosePollingCannotBeDecided) {
  for (const std::string members :
       {R"("connection_name":5)", R"("application_name":[])", R"("friendly_name":{})",
        R"("webhook_event_url":5)", R"("outbound_voice_profile_id":[])", R"("tags":"a")",
        R"("tags":["a",5])", R"("outbound":{"outbound_voice_profile_id":{}})"}) {
    EXPECT_THAT(LeftOutOf(Connection(members)), ::testing::ElementsAre("1")) << members;
  }
  EXPECT_THAT(LeftOutOf(Connection(
                  fmt::format(R"("outbound_voice_profile_id":"{}")", std::string(129, '1')))),
              ::testing::ElementsAre("1"));
}

TEST(ConnectionListParser, DoesNotReadWhatNobodyUses) {
  EXPECT_EQ(ParseOne(Connection(R"("active":"true","password":{},"webhook_api_version":[1])")),
            (ListedConnection{.id = "1", .record_type = "ip_connection"}));
}

TEST(ConnectionListParser, IgnoresLimitsThatAreNone) {
  for (const char* members :
       {R"("inbound":5)", R"("outbound":[])", R"("inbound":{"channel_limit":"5"})",
        R"("outbound":{"channel_limit":-1})", R"("inbound":{"channel_limit":1e30})"}) {
    const ParsedList parsed = ParseList(ListOf(Connection(members)));
    ASSERT_TRUE(parsed.page.has_value()) << parsed.page.error().message;
    EXPECT_EQ(parsed.page->ignored_fields, 1U) << members;
    EXPECT_THAT(parsed.connections, ::testing::ElementsAre(ListedConnection{
                                        .id = "1", .record_type = "ip_connection"}));
  }
  EXPECT_EQ(ParseOne(Connection(R"("inbound":{"channel_limit":10.0})")).inbound_channel_limit, 10U);
}

TEST(ConnectionListParser, ChecksThePage) {
  EXPECT_EQ(ListErrorOf("{}"), "data is missing");
  EXPECT_EQ(ListErrorOf(R"({"data":[]})"), "meta is missing");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"meta":[]})"), "meta is not an object");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"meta":null})"), "meta is not an object");
  EXPECT_EQ(ListErrorOf(R"({"data":{},"meta":{}})"), "data is not a list");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"data":[],"meta":{}})"), "duplicate data");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"meta":{},"meta":{}})"), "duplicate meta");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"meta":{}} {})"), "trailing content after the JSON document");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"meta":{"total_pages":"3"}})"),
            "meta.total_pages is not a non-negative integer");
  EXPECT_EQ(ParseList(R"({"data":[],"meta":{"page_number":null}})").page, PageInfo{});
  EXPECT_EQ(ParseList(R"({"data":[],"meta":{"page_number":"1","page_size":-1,"total_results":"x",)"
                      R"("total_pages":1.0,"cursors":5,"next":5}})")
                .page,
            (PageInfo{.total_pages = 1, .ignored_fields = 3}));
}

TEST(ConnectionListParser, RefusesAPageCutShortAtAnyByte) {
  const std::string page = ListOf(Connection(
      R"("connection_name":"a","tags":["b"],"inbound":{"channel_limit":5},"active":true)"));
  for (std::size_t size = 0; size < page.size(); ++size) {
    EXPECT_NE(ListErrorOf(page.substr(0, size)), "no error") << size;
  }
}

TEST(ConnectionListParser, MakesNamesAndTagsSafeToShow) {
  const ListedConnection connection = ParseOne(Connection(
      fmt::format(R"("connection_name":"a\nb","tags":["c\u001b","{}"])", std::string(1000, 'x'))));
  EXPECT_EQ(connection.name, "a b");
  EXPECT_THAT(connection.tags, ::testing::ElementsAre("c ", std::string(256, 'x')));
}

TEST(ConnectionListParser, BoundsTags) {
  std::string tags = "\"x\"";
  for (int i = 1; i < 256; ++i) tags += ",\"x\"";
  EXPECT_EQ(ParseOne(Connection(fmt::format(R"("tags":[{}])", tags))).tags.size(), 256U);
  EXPECT_THAT(LeftOutOf(Connection(fmt::format(R"("tags":[{},"x"])", tags))),
              ::testing::ElementsAre("1"));
}

TEST(ConnectionListParser, NeverQuotesThePage) {
  for (const char* members :
       {R"("password":"SECRET" "SECRET")", R"("tags":["SECRET)", R"("inbound":{"SECRET")"}) {
    const std::string error = ListErrorOf(ListOf(Connection(members)));
    EXPECT_NE(error, "no error");
    EXPECT_EQ(error.find("SECRET"), std::string::npos) << error;
  }
}

TEST(ConnectionListParser, AppendsToWhatIsThere) {
  ConnectionListParser parser;
  std::vector<ListedConnection> connections;
  RowsLeftOut unusable;
  const auto parse = [&](const std::string& body) {
    return parser.ParseConnections(Padded(body), connections, unusable).has_value();
  };
  EXPECT_TRUE(parse(ListOf(Connection(R"("tags":[])") + ",{}")));
  EXPECT_TRUE(parse(ListOf(Connection(R"("tags":["a"])"))));
  EXPECT_FALSE(parse(ListOf(Connection(R"("tags":["b"])") + ",{}") + "x"));
  EXPECT_EQ(connections.size(), 2U);
  EXPECT_EQ(unusable, (RowsLeftOut{.count = 1, .names = {"data[1]"}}));
}

TEST(ConnectionListParser, ReadsTheChannelsOfTheAccount) {
  const auto channels_of = [](const std::string& body) {
    return ConnectionListParser().ParseInboundChannels(Padded(body));
  };
  EXPECT_EQ(channels_of(R"({"data":{"channels":7,"record_type":"inbound_channels"}})").value(), 7U);
  EXPECT_EQ(channels_of(R"({"data":{"channels":7.0}})").value(), 7U);
  for (const char* data : {"{}", R"({"channels":null})", R"({"channels":"7"})"}) {
    EXPECT_EQ(channels_of(fmt::format(R"({{"data":{}}})", data)).value(), std::nullopt);
  }
  for (const char* body : {"", "[]", "{}", R"({"data":[]})", R"({"data":{"channels":7})"}) {
    EXPECT_FALSE(channels_of(body).has_value()) << body;
  }
}

TEST(ConnectionListParser, ReadsVoiceProfiles) {
  ConnectionListParser parser;
  std::vector<ListedVoiceProfile> profiles;
  RowsLeftOut unusable;
  const auto page = parser.ParseVoiceProfiles(
      Padded(ListOf(R"({"id":"1293384261075731499","record_type":"outbound_voice_profile",)"
                    R"("name":"office","concurrent_call_limit":10,"enabled":true,"tags":["a"]},)"
                    R"({"id":2,"name":null,"concurrent_call_limit":null,"enabled":false})")),
      profiles, unusable);
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_EQ(page->rows, 2U);
  EXPECT_THAT(profiles, ::testing::ElementsAre(ListedVoiceProfile{.id = "1293384261075731499",
                                                                  .name = "office",
                                                                  .concurrent_call_limit = 10},
                                               ListedVoiceProfile{.id = "2"}));
}

TEST(ConnectionListParser, LeavesOutVoiceProfilesThatCannotBeUsed) {
  ConnectionListParser parser;
  std::vector<ListedVoiceProfile> profiles;
  RowsLeftOut unusable;
  const auto page = parser.ParseVoiceProfiles(
      Padded(ListOf(R"({"name":"a"},{"id":"1","name":5},)"
                    R"({"id":"2","enabled":1,"concurrent_call_limit":1.5})")),
      profiles, unusable);
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_EQ(page->ignored_fields, 1U);
  EXPECT_THAT(profiles, ::testing::ElementsAre(ListedVoiceProfile{.id = "2"}));
  EXPECT_THAT(unusable.names, ::testing::ElementsAre("data[0]", "1"));
}

TEST(RemoveDuplicateIds, KeepsTheFirstOfEach) {
  std::vector<ListedVoiceProfile> profiles = {{.id = "1", .name = "first"},
                                              {.id = "2"},
                                              {.id = "1", .name = "second"},
                                              {.id = "3"},
                                              {.id = "2"}};
  EXPECT_EQ(RemoveDuplicateIds(profiles), 2U);
  EXPECT_THAT(profiles,
              ::testing::ElementsAre(ListedVoiceProfile{.id = "1", .name = "first"},
                                     ListedVoiceProfile{.id = "2"}, ListedVoiceProfile{.id = "3"}));
  EXPECT_EQ(RemoveDuplicateIds(profiles), 0U);
}

TEST(IsPollable, HoldsForApplicationsThatControlCalls) {
  for (const char* kind : {"call_control_application", "texml_application"}) {
    EXPECT_TRUE(IsPollable({.record_type = kind, .has_webhook = true})) << kind;
    EXPECT_TRUE(IsPollable({.record_type = kind, .has_webhook = false})) << kind;
  }
}

TEST(IsPollable, HoldsForSipConnectionsWithAWebhook) {
  for (const char* kind : {"credential_connection", "ip_connection", "fqdn_connection"}) {
    EXPECT_TRUE(IsPollable({.record_type = kind, .has_webhook = true})) << kind;
    EXPECT_FALSE(IsPollable({.record_type = kind, .has_webhook = false})) << kind;
  }
}

TEST(IsPollable, DoesNotHoldForOtherKinds) {
  for (const char* kind : {"", "fax_application", "external_connection", "mobile_voice_connection",
                           "IP_CONNECTION", "something_new"}) {
    EXPECT_FALSE(IsPollable({.record_type = kind, .has_webhook = true})) << kind;
  }
}

}  // namespace
}  // namespace telnyx_exporter
