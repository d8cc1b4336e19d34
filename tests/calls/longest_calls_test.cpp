#include "calls/longest_calls.h"

#include <algorithm>
#include <map>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

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
