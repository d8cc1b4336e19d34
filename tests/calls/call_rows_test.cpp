#include "calls/call_rows.h"

#include <algorithm>
#include <map>
#include <random>
#include <span>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

CallId Id(std::uint64_t low) { return {.high = 7, .low = low}; }

ActiveCall Row(std::uint64_t leg, std::uint64_t session, std::uint32_t duration) {
  return {
      .leg = Id(leg), .session = Id(session), .duration_seconds = duration, .has_session = true};
}

const ActiveCall kRowWithoutSession = {.leg = Id(5), .duration_seconds = 1};

TEST(CallRows, KeepLegsAndDurationsInTheirOrder) {
  CallRows rows;
  rows.Add(std::vector{Row(3, 1, 30), Row(1, 1, 10)});
  rows.Add(std::vector{Row(2, 1, 20), Row(3, 1, 31)});
  EXPECT_EQ(rows.size(), 4U);
  EXPECT_THAT(rows.legs(), ElementsAre(Id(3), Id(1), Id(2), Id(3)));
  EXPECT_THAT(rows.durations(), ElementsAre(30, 10, 20, 31));
}

TEST(CallRows, KeepASessionOnceWhereItsRowsFollowEachOther) {
  CallRows rows;
  rows.Add(std::vector{Row(1, 1, 0), Row(2, 1, 0), Row(3, 2, 0)});
  rows.Add(std::vector{Row(4, 2, 0), Row(5, 1, 0)});
  EXPECT_THAT(rows.sessions(), Optional(ElementsAre(Id(1), Id(2), Id(1))));
}

TEST(CallRows, KnowNoSessionsWhenARowNamesNone) {
  EXPECT_THAT(CallRows().sessions(), Optional(ElementsAre()));
  CallRows rows(std::vector{Row(1, 1, 0), kRowWithoutSession, Row(2, 2, 0)});
  EXPECT_EQ(rows.sessions(), std::nullopt);
  rows.Add(std::vector{Row(3, 3, 0)});
  EXPECT_EQ(rows.sessions(), std::nullopt);
}

TEST(CallRows, KeepNothingButMemoryWhenCleared) {
  CallRows rows;
  rows.Reserve(100);
  rows.Add(std::vector{Row(1, 1, 10), kRowWithoutSession});
  const CallId* const memory = rows.legs().data();
  rows.Clear();
  EXPECT_EQ(rows.size(), 0U);
  EXPECT_EQ(rows.capacity(), 100U);
  rows.Add(std::vector{Row(2, 1, 20)});
  EXPECT_THAT(rows.legs(), ElementsAre(Id(2)));
  EXPECT_EQ(rows.legs().data(), memory);
  EXPECT_THAT(rows.durations(), ElementsAre(20));
  EXPECT_THAT(rows.sessions(), Optional(ElementsAre(Id(1))));
}

ActiveCall CallLasting(std::uint64_t leg, std::uint32_t duration) {
  return {.leg = {.high = 7, .low = leg}, .duration_seconds = duration};
}

// Of rows that come in one piece, or in pieces of so many.
std::vector<ActiveCall> LongestOf(const std::vector<ActiveCall>& calls, std::size_t page = 1000) {
  LongestCalls longest;
  for (std::span<const ActiveCall> rest = calls; !rest.empty();
       rest = rest.subspan(std::min(page, rest.size()))) {
    longest.Add(rest.first(std::min(page, rest.size())));
  }
  return longest.Sorted();
}

// The same in the plainest way.
std::vector<ActiveCall> PlainLongestCalls(const std::vector<ActiveCall>& calls) {
  std::map<CallId, ActiveCall> legs;
  for (const ActiveCall& call : calls) {
    ActiveCall& leg = legs.try_emplace(call.leg, call).first->second;
    if (call.duration_seconds > leg.duration_seconds) leg = call;
  }
  std::vector<ActiveCall> longest;
  for (const auto& [id, call] : legs) longest.push_back(call);
  std::ranges::stable_sort(longest, std::greater(), &ActiveCall::duration_seconds);
  if (longest.size() > kLongestCallsKept) longest.resize(kLongestCallsKept);
  return longest;
}

std::vector<std::uint32_t> DurationsOf(const std::vector<ActiveCall>& calls) {
  std::vector<std::uint32_t> durations;
  for (const ActiveCall& call : calls) durations.push_back(call.duration_seconds);
  return durations;
}

TEST(LongestCalls, AreNoneOfNone) { EXPECT_TRUE(LongestOf({}).empty()); }

TEST(LongestCalls, ComeLongestFirst) {
  EXPECT_EQ(LongestOf({CallLasting(1, 5), CallLasting(2, 9), CallLasting(3, 7)}),
            (std::vector{CallLasting(2, 9), CallLasting(3, 7), CallLasting(1, 5)}));
}

TEST(LongestCalls, CountALegOnceWithItsLongestDuration) {
  EXPECT_EQ(
      LongestOf({CallLasting(1, 5), CallLasting(2, 9), CallLasting(1, 11), CallLasting(1, 3)}),
      (std::vector{CallLasting(1, 11), CallLasting(2, 9)}));
}

TEST(LongestCalls, AreThoseOfAPlainerCountWhateverTheOrder) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<ActiveCall> calls;
    const std::size_t count = random() % 60;
    for (std::size_t i = 0; i < count; ++i) {
      calls.push_back(CallLasting(random() % 30, static_cast<std::uint32_t>(random() % 500)));
    }
    if (round % 3 == 1) std::ranges::sort(calls, {}, &ActiveCall::duration_seconds);
    if (round % 3 == 2) std::ranges::sort(calls, std::greater(), &ActiveCall::duration_seconds);
    const auto expected = DurationsOf(PlainLongestCalls(calls));
    EXPECT_EQ(DurationsOf(LongestOf(calls)), expected);
    EXPECT_EQ(DurationsOf(LongestOf(calls, 7)), expected);
  }
}

}  // namespace
}  // namespace telnyx_exporter
