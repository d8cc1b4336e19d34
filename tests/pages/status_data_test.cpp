#include "pages/status_data.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pages/pages_fixture.h"

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
  const StatusQuery query{.show = Condition::kNotPolled,
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

TEST(ParseStatusQuery, KeepsTheBlanksOfAnAccountsName) {
  EXPECT_EQ(Parse({{"account", " main "}}).account, " main ");
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

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StatusDataTest : public PagesFixture {
 protected:
  ConnectionKey Named(AccountKey account, const std::string& name) {
    return Add(account, {.id = "id-of-" + name, .name = name});
  }

  std::vector<std::string> NamesOf(const StatusQuery& query) const {
    std::vector<std::string> names;
    const StatusData data = CollectStatus(store_.Read(), query, clock_.Now());
    for (const auto& connection : data.selection.connections) {
      names.push_back(connection->identity->plan.name);
    }
    return names;
  }

  Totals TotalsNow() const { return CollectStatus(store_.Read(), {}, clock_.Now()).totals; }

  // Two accounts, one connection in each condition and one more.
  void FillWithOneOfEach() {
    main_ = AddAccount("main");
    other_ = AddAccount("other");
    const ConnectionKey overdue = Named(other_, "overdue");
    Complete(overdue, {500, 600});
    clock_.Advance(45s);
    Complete(Named(main_, "line-10"), {10, 20});
    clock_.Advance(1s);
    Complete(Named(main_, "line-9"), {70, 80, 90});
    Fail(Named(other_, "broken"), {.reason = FailureReason::kTls});
    Named(main_, "Later");
  }

  AccountKey main_{};
  AccountKey other_{};
};

TEST_F(StatusDataTest, PutsWhatNeedsAttentionFirst) {
  FillWithOneOfEach();
  EXPECT_THAT(NamesOf({}), ElementsAre("broken", "overdue", "Later", "line-9", "line-10"));
  EXPECT_THAT(NamesOf({.order = SortOrder::kDescending}),
              ElementsAre("line-9", "line-10", "Later", "overdue", "broken"));
}

TEST_F(StatusDataTest, SortsNamesAsPeopleRead) {
  FillWithOneOfEach();
  EXPECT_THAT(NamesOf({.sort = SortKey::kName}),
              ElementsAre("broken", "Later", "line-9", "line-10", "overdue"));
  EXPECT_THAT(NamesOf({.sort = SortKey::kName, .order = SortOrder::kDescending}),
              ElementsAre("overdue", "line-10", "line-9", "Later", "broken"));
}

TEST_F(StatusDataTest, KeepsWhatIsNotKnownAtTheEndInEitherOrder) {
  FillWithOneOfEach();
  for (const SortKey key : {SortKey::kCalls, SortKey::kSessions, SortKey::kLongest}) {
    EXPECT_THAT(NamesOf({.sort = key, .order = SortOrder::kDescending}),
                ElementsAre("line-9", "line-10", "broken", "Later", "overdue"));
    EXPECT_THAT(NamesOf({.sort = key, .order = SortOrder::kAscending}),
                ElementsAre("line-10", "line-9", "broken", "Later", "overdue"));
  }
  EXPECT_THAT(NamesOf({.sort = SortKey::kPolled}),
              ElementsAre("overdue", "line-10", "broken", "line-9", "Later"));
}

TEST_F(StatusDataTest, ShowsOneConditionOnly) {
  FillWithOneOfEach();
  EXPECT_THAT(NamesOf({.show = Condition::kFailing}), ElementsAre("broken"));
  EXPECT_THAT(NamesOf({.show = Condition::kOverdue}), ElementsAre("overdue"));
  EXPECT_THAT(NamesOf({.show = Condition::kNotPolled}), ElementsAre("Later"));
  EXPECT_THAT(NamesOf({.show = Condition::kUp}), ElementsAre("line-9", "line-10"));
  EXPECT_THAT(NamesOf({.show = Condition::kUp, .account = "other"}), IsEmpty());
}

TEST_F(StatusDataTest, SearchesNamesIdsAccountsAndLabelsInAnyCase) {
  main_ = AddAccount("main");
  other_ = AddAccount("Partner");
  Add(main_, {.id = "123", .name = "Support", .labels = {{"team", "Voice"}}});
  Add(other_, {.id = "456", .name = "Sales"});
  EXPECT_THAT(NamesOf({.search = "sUPP"}), ElementsAre("Support"));
  EXPECT_THAT(NamesOf({.search = "45"}), ElementsAre("Sales"));
  EXPECT_THAT(NamesOf({.search = "partner"}), ElementsAre("Sales"));
  EXPECT_THAT(NamesOf({.search = "voice"}), ElementsAre("Support"));
  EXPECT_THAT(NamesOf({.account = "Partner"}), ElementsAre("Sales"));
  EXPECT_THAT(NamesOf({.search = "nobody"}), IsEmpty());
}

TEST_F(StatusDataTest, CountsOnlyWhatIsKnown) {
  FillWithOneOfEach();
  const Totals totals = TotalsNow();
  EXPECT_EQ(totals.connections, 5U);
  EXPECT_EQ(totals.Count(Condition::kUp), 2U);
  EXPECT_EQ(totals.Count(Condition::kFailing), 1U);
  EXPECT_EQ(totals.Count(Condition::kOverdue), 1U);
  EXPECT_EQ(totals.Count(Condition::kNotPolled), 1U);
  EXPECT_EQ(totals.calls, (KnownSum{.sum = 5, .connections = 2}));
  EXPECT_EQ(totals.longest_seconds, 90U);
  EXPECT_EQ(totals.longest_of->identity->plan.name, "line-9");
}

TEST_F(StatusDataTest, StillCountsAFailingConnectionWhoseValuesAreNotStale) {
  main_ = AddAccount("main");
  const ConnectionKey line = Named(main_, "line");
  Complete(line, {1, 2});
  clock_.Advance(30s);
  Fail(line, {.reason = FailureReason::kTimeout});
  EXPECT_EQ(TotalsNow().calls, (KnownSum{.sum = 2, .connections = 1}));
  clock_.Advance(15s);
  EXPECT_EQ(TotalsNow().calls, KnownSum{});
  EXPECT_EQ(TotalsNow().longest_seconds, std::nullopt);
}

TEST_F(StatusDataTest, ForgetsARemovedConnection) {
  main_ = AddAccount("main");
  const ConnectionKey line = Named(main_, "line");
  Named(main_, "other");
  store_.OnConnectionRemoved(line);
  EXPECT_THAT(NamesOf({}), ElementsAre("other"));
  EXPECT_EQ(TotalsNow().connections, 1U);
  EXPECT_EQ(FindConnection(store_.Read(), "main", "id-of-line"), nullptr);
  EXPECT_NE(FindConnection(store_.Read(), "main", "id-of-other"), nullptr);
  EXPECT_EQ(FindConnection(store_.Read(), "no", "id-of-other"), nullptr);
}

TEST_F(StatusDataTest, TurnsPages) {
  main_ = AddAccount("main");
  for (int i = 0; i < 250; ++i) Named(main_, "line-" + std::to_string(i));
  const auto page = [&](std::size_t number) {
    return CollectStatus(store_.Read(), {.page = number}, clock_.Now());
  };
  EXPECT_THAT(page(1).selection.connections, SizeIs(100));
  EXPECT_EQ(page(2).selection.connections.front()->identity->plan.name, "line-100");
  EXPECT_THAT(page(3).selection.connections, SizeIs(50));
  EXPECT_EQ(page(3).selection.pages, 3U);
  EXPECT_EQ(page(3).selection.matches, 250U);
  // The nearest that there is.
  EXPECT_EQ(page(4).selection.page, 3U);
  EXPECT_EQ(page(4).selection.connections.front()->identity->plan.name, "line-200");
}

TEST_F(StatusDataTest, PutsAccountsThatNeedAttentionFirst) {
  for (const char* name : {"b-fine", "a-fine", "d-failing", "c-refused"}) AddAccount(name);
  Complete(Named(AccountKey{0}, "1"), {1});
  Fail(Named(AccountKey{2}, "2"), {.reason = FailureReason::kConnect});
  store_.OnKeyRefused(AccountKey{3}, {.failure = {}, .wait = 1s});
  std::vector<std::string> names;
  for (const AccountRow& row : CollectStatus(store_.Read(), {}, clock_.Now()).accounts) {
    names.push_back(row.account->name);
  }
  EXPECT_THAT(names, ElementsAre("c-refused", "d-failing", "a-fine", "b-fine"));
}

TEST_F(StatusDataTest, PutsAnAccountWhoseBudgetIsShortFirst) {
  for (const char* name : {"a-fine", "b-short"}) AddAccount(name);
  const RequestBudget enough{.required_per_second = 10, .allowed_per_second = 10};
  store_.OnBudgetChanged(AccountKey{0}, enough);
  store_.OnBudgetChanged(AccountKey{1}, {.required_per_second = 10.1, .allowed_per_second = 10});
  const auto accounts = CollectStatus(store_.Read(), {}, clock_.Now()).accounts;
  EXPECT_EQ(accounts.at(0).account->name, "b-short");
  EXPECT_TRUE(IsBudgetShort(*accounts.at(0).account));
  EXPECT_FALSE(IsBudgetShort(*accounts.at(1).account));
}

TEST_F(StatusDataTest, CountsWhatDiscoveryFound) {
  main_ = AddAccount("main");
  Add(main_, {.id = "1"});
  Add(main_, {.id = "2", .discovered = true});
  EXPECT_EQ(TotalsNow().discovered, 1U);
}

TEST_F(StatusDataTest, FindsTheConnectionThatTheBudgetDelaysMost) {
  main_ = AddAccount("main");
  EXPECT_EQ(TotalsNow().most_delayed, nullptr);
  const ConnectionKey one = Named(main_, "one");
  const ConnectionKey two = Add(main_, {.id = "2", .name = "two", .idle_interval = 1min});
  EXPECT_EQ(TotalsNow().most_delayed, nullptr);
  store_.OnIntervalChanged(one, {.interval = 30s, .stale_after = 90s});
  EXPECT_EQ(TotalsNow().most_delayed->identity->plan.name, "one");
  // Idle is not delayed.
  Complete(two, {});
  store_.OnIntervalChanged(two, {.interval = 1min, .stale_after = 3min, .idle = true});
  EXPECT_EQ(TotalsNow().most_delayed->identity->plan.name, "one");
  EXPECT_EQ(TotalsNow().idle, 1U);
  store_.OnIntervalChanged(two, {.interval = 2min, .stale_after = 6min, .idle = true});
  EXPECT_EQ(TotalsNow().most_delayed->identity->plan.name, "two");
  // A connection without calls that is not known to be idle yet, slowed down by the budget alone.
  store_.OnIntervalChanged(two, {.interval = 2min, .stale_after = 6min});
  EXPECT_EQ(TotalsNow().idle, 0U);
}

TEST(NaturalLess, OrdersNumbersByTheirValueAndLettersOfEitherCaseAlike) {
  EXPECT_TRUE(NaturalLess("line-9", "line-10"));
  EXPECT_FALSE(NaturalLess("line-10", "line-9"));
  EXPECT_TRUE(NaturalLess("alpha", "Beta"));
  EXPECT_TRUE(NaturalLess("a", "a1"));
  EXPECT_FALSE(NaturalLess("007", "7"));
  EXPECT_FALSE(NaturalLess("7", "007"));
  EXPECT_TRUE(NaturalLess("99999999999999999998", "99999999999999999999"));
  EXPECT_TRUE(NaturalLess("", "a"));
  EXPECT_FALSE(NaturalLess("", ""));
}

}  // namespace
}  // namespace telnyx_exporter
