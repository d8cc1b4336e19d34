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
  Result<ListPage> page;
  std::vector<ListedConnection> connections;
};

ParsedList ParseList(const std::string& body) {
  ConnectionListParser parser;
  std::vector<ListedConnection> connections;
  auto page = parser.ParseConnections(Padded(body), connections);
  return {std::move(page), std::move(connections)};
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

std::string RowErrorOf(const std::string& members) {
  return ListErrorOf(ListOf(Connection(members)));
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
  EXPECT_EQ(
      *parsed.page,
      (ListPage{
          .rows = 1, .page_number = 2, .page_size = 25, .total_pages = 3, .total_results = 55}));
  EXPECT_THAT(parsed.connections, ::testing::ElementsAre(ListedConnection{
                                      .id = "6a09cdc3-8948-47f0-aa62-74ac943d6c58",
                                      .record_type = "ip_connection",
                                      .name = "office",
                                      .active = true,
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
                              .active = false,
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

TEST(ConnectionListParser, KeepsEveryDigitOfABareNumber) {
  EXPECT_EQ(ParseOne(R"({"id":1293384261075731461,"record_type":"ip_connection"})").id,
            "1293384261075731461");
  EXPECT_EQ(ParseOne(R"({"record_type":"ip_connection","id": 184467440737095516159999 })").id,
            "184467440737095516159999");
  EXPECT_EQ(ParseOne(Connection(R"("outbound":{"outbound_voice_profile_id":12})"))
                .outbound_voice_profile_id,
            "12");
}

TEST(ConnectionListParser, RefusesOtherIds) {
  for (const char* id : {"-1", "1.5", "1e3", "007", "12abc", "true", "[]", "{}", "nul"}) {
    EXPECT_EQ(ListErrorOf(ListOf(fmt::format(R"({{"id":{},"record_type":"x"}})", id))),
              "data[0].id is not a text")
        << id;
  }
  EXPECT_EQ(ListErrorOf(ListOf(R"({"id":"a\u0000b","record_type":"x"})")),
            "data[0].id holds a control character");
  EXPECT_EQ(ListErrorOf(ListOf(fmt::format(R"({{"id":"{}"}})", std::string(129, '1')))),
            "data[0].id has 129 bytes, more than 128");
  EXPECT_EQ(ListErrorOf(ListOf(fmt::format(R"({{"id":{}}})", std::string(129, '1')))),
            "data[0].id has 129 bytes, more than 128");
}

TEST(ConnectionListParser, RefusesARowWithoutAnIdOrKind) {
  EXPECT_EQ(ListErrorOf(ListOf(R"({"record_type":"ip_connection"})")), "data[0].id is missing");
  EXPECT_EQ(ListErrorOf(ListOf(R"({"id":"","record_type":"x"})")), "data[0].id is missing");
  EXPECT_EQ(ListErrorOf(ListOf(R"({"id":null,"record_type":"x"})")), "data[0].id is missing");
  EXPECT_EQ(ListErrorOf(ListOf(R"({"id":"1"})")), "data[0].record_type is missing");
  EXPECT_EQ(ListErrorOf(ListOf(Connection(R"("tags":[])") + R"(,{"id":"2"})")),
            "data[1].record_type is missing");
}

TEST(ConnectionListParser, TakesNullForNothing) {
  EXPECT_EQ(ParseOne(Connection(
                R"("connection_name":null,"active":null,"webhook_event_url":null,"tags":null,)"
                R"("outbound_voice_profile_id":null,"inbound":null,"outbound":null)")),
            (ListedConnection{.id = "1", .record_type = "ip_connection"}));
  EXPECT_EQ(ParseOne(Connection(R"("webhook_event_url":"","outbound_voice_profile_id":"")")),
            (ListedConnection{.id = "1", .record_type = "ip_connection"}));
}

TEST(ConnectionListParser, ChecksTypes) {
  EXPECT_EQ(RowErrorOf(R"("connection_name":5)"), "data[0].connection_name is not a text");
  EXPECT_EQ(RowErrorOf(R"("application_name":[])"), "data[0].application_name is not a text");
  EXPECT_EQ(RowErrorOf(R"("friendly_name":{})"), "data[0].friendly_name is not a text");
  EXPECT_EQ(RowErrorOf(R"("active":"true")"), "data[0].active is not true or false");
  EXPECT_EQ(RowErrorOf(R"("webhook_event_url":5)"), "data[0].webhook_event_url is not a text");
  EXPECT_EQ(RowErrorOf(R"("outbound_voice_profile_id":[])"),
            "data[0].outbound_voice_profile_id is not a text");
  EXPECT_EQ(RowErrorOf(R"("tags":"a")"), "data[0].tags is not a list");
  EXPECT_EQ(RowErrorOf(R"("tags":["a",5])"), "data[0].tags[1] is not a text");
  EXPECT_EQ(RowErrorOf(R"("inbound":5)"), "data[0].inbound is not an object");
  EXPECT_EQ(RowErrorOf(R"("inbound":{"channel_limit":"5"})"),
            "data[0].inbound.channel_limit is not a whole number from 0");
  EXPECT_EQ(RowErrorOf(R"("outbound":{"channel_limit":-1})"),
            "data[0].outbound.channel_limit is not a whole number from 0");
  EXPECT_EQ(RowErrorOf(R"("outbound":{"outbound_voice_profile_id":{}})"),
            "data[0].outbound.outbound_voice_profile_id is not a text");
  EXPECT_EQ(ListErrorOf(ListOf("5")), "data[0] is not an object");
}

TEST(ConnectionListParser, ChecksThePage) {
  EXPECT_EQ(ListErrorOf("{}"), "data is missing");
  EXPECT_EQ(ListErrorOf(R"({"data":[]})"), "meta is missing");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"meta":[]})"), "meta is not an object");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"meta":null})"), "meta is not an object");
  EXPECT_EQ(ListErrorOf(R"({"data":{},"meta":{}})"), "data is not a list");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"data":[],"meta":{}})"), "data stands there twice");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"meta":{},"meta":{}})"), "meta stands there twice");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"meta":{}} {})"), "there is more behind the JSON document");
  EXPECT_EQ(ListErrorOf(R"({"data":[],"meta":{"total_pages":"3"}})"),
            "meta.total_pages is not a whole number from 0");
  EXPECT_EQ(ParseList(R"({"data":[],"meta":{"page_number":null}})").page, ListPage{});
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
  EXPECT_EQ(RowErrorOf(fmt::format(R"("tags":[{},"x"])", tags)),
            "data[0].tags has more than 256 entries");
}

TEST(ConnectionListParser, NeverQuotesThePage) {
  for (const char* members : {R"("password":"SECRET","active":"SECRET")", R"("tags":{"SECRET":1})",
                              R"("inbound":["SECRET"])", R"("password":"SECRET" "SECRET")"}) {
    const std::string error = RowErrorOf(members);
    EXPECT_NE(error, "no error");
    EXPECT_EQ(error.find("SECRET"), std::string::npos) << error;
  }
}

TEST(ConnectionListParser, AppendsToWhatIsThere) {
  ConnectionListParser parser;
  std::vector<ListedConnection> connections;
  const auto parse = [&](const std::string& rows) {
    return parser.ParseConnections(Padded(ListOf(rows)), connections).has_value();
  };
  EXPECT_TRUE(parse(Connection(R"("tags":[])")));
  EXPECT_TRUE(parse(Connection(R"("tags":["a"])")));
  EXPECT_FALSE(parse(Connection(R"("tags":["b"])") + ",{}"));
  EXPECT_EQ(connections.size(), 2U);
}

TEST(ConnectionListParser, ReadsVoiceProfiles) {
  ConnectionListParser parser;
  std::vector<ListedVoiceProfile> profiles;
  const auto page = parser.ParseVoiceProfiles(
      Padded(ListOf(R"({"id":"1293384261075731499","record_type":"outbound_voice_profile",)"
                    R"("name":"office","concurrent_call_limit":10,"enabled":true,"tags":["a"]},)"
                    R"({"id":2,"name":null,"concurrent_call_limit":null,"enabled":false})")),
      profiles);
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_EQ(page->rows, 2U);
  EXPECT_THAT(profiles, ::testing::ElementsAre(ListedVoiceProfile{.id = "1293384261075731499",
                                                                  .name = "office",
                                                                  .enabled = true,
                                                                  .concurrent_call_limit = 10},
                                               ListedVoiceProfile{.id = "2", .enabled = false}));
}

TEST(ConnectionListParser, ChecksVoiceProfiles) {
  const auto error_of = [](const std::string& row) {
    ConnectionListParser parser;
    std::vector<ListedVoiceProfile> profiles;
    const auto page = parser.ParseVoiceProfiles(Padded(ListOf(row)), profiles);
    EXPECT_TRUE(profiles.empty());
    return page ? "no error" : page.error().message;
  };
  EXPECT_EQ(error_of(R"({"name":"a"})"), "data[0].id is missing");
  EXPECT_EQ(error_of(R"({"id":"1","name":5})"), "data[0].name is not a text");
  EXPECT_EQ(error_of(R"({"id":"1","enabled":1})"), "data[0].enabled is not true or false");
  EXPECT_EQ(error_of(R"({"id":"1","concurrent_call_limit":1.5})"),
            "data[0].concurrent_call_limit is not a whole number from 0");
}

}  // namespace
}  // namespace telnyx_exporter
