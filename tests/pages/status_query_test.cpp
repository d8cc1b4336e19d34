#include "pages/status_query.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

StatusQuery Parse(const std::map<std::string, std::string, std::less<>>& parameters) {
  return ParseStatusQuery([&](std::string_view name) -> std::optional<std::string> {
    const auto found = parameters.find(name);
    if (found == parameters.end()) return std::nullopt;
    return found->second;
  });
}

TEST(ParseStatusQuery, HasADefaultForEverything) {
  EXPECT_EQ(Parse({}), StatusQuery{});
  EXPECT_EQ(AddressOf({}), "./");
}

TEST(ParseStatusQuery, ReadsBackWhatItWrites) {
  const StatusQuery query{.show = ShownConnections::kNotPolled,
                          .account = "a & b",
                          .search = "100 % <sure>",
                          .sort = SortKey::kCalls,
                          .order = SortOrder::kAscending,
                          .page = 7};
  EXPECT_EQ(AddressOf(query),
            "./?show=not-polled&account=a%20%26%20b&q=100%20%25%20%3Csure%3E&sort=calls&order=asc&"
            "page=7");
  EXPECT_EQ(Parse({{"show", "not-polled"},
                   {"account", "a & b"},
                   {"q", "100 % <sure>"},
                   {"sort", "calls"},
                   {"order", "asc"},
                   {"page", "7"}}),
            query);
}

TEST(ParseStatusQuery, TakesWhatItDoesNotKnowForNotSaid) {
  for (const char* nonsense :
       {"", "x", "-1", "0", "1e9", "99999999999999999999", "\xff", "<script>"}) {
    EXPECT_EQ(
        Parse({{"show", nonsense}, {"sort", nonsense}, {"order", nonsense}, {"page", nonsense}}),
        StatusQuery{})
        << nonsense;
  }
}

TEST(ParseStatusQuery, SortsFiguresFromTheTop) {
  EXPECT_EQ(Parse({{"sort", "calls"}}).order, SortOrder::kDescending);
  EXPECT_EQ(Parse({{"sort", "longest"}}).order, SortOrder::kDescending);
  EXPECT_EQ(Parse({{"sort", "name"}}).order, SortOrder::kAscending);
  EXPECT_EQ(AddressOf(Parse({{"sort", "calls"}})), "./?sort=calls");
}

TEST(ParseStatusQuery, CutsLongTexts) {
  EXPECT_EQ(Parse({{"q", std::string(1000, 'x')}}).search.size(), 128U);
  EXPECT_EQ(Parse({{"q", "  support\t"}}).search, "support");
}

TEST(ConnectionAddress, NamesAccountAndId) {
  EXPECT_EQ(ConnectionAddress("main", "a/b?c"), "connection?account=main&id=a%2Fb%3Fc");
}

}  // namespace
}  // namespace telnyx_exporter
