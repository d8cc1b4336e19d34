#include "calls/call_summary.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

const std::vector<double> kSummaryBounds = {5, 60, 600};

ActiveCall Call(std::uint64_t leg, std::uint64_t session, std::uint32_t duration) {
  return {.leg = {.high = 7, .low = leg},
          .session = {.high = 9, .low = session},
          .duration_seconds = duration,
          .has_session = true};
}

const std::vector<std::uint32_t> kThresholds = {60, 300};

std::vector<TrackedLeg> InOrder(const SortedLegs& sorted) {
  const auto legs = sorted.legs();
  return {legs.begin(), legs.end()};
}

// The legs of such a poll; `calls` may be gone afterwards.
SortedLegs LegsOf(const std::vector<ActiveCall>& calls, std::uint64_t key = 1) {
  SortedLegs legs{IdFingerprint(key)};
  legs.Assign(CallRows(calls));
  return legs;
}

CallSummary Summarize(const std::vector<ActiveCall>& calls, std::uint64_t key = 1) {
  return CallSummarizer(kSummaryBounds, kThresholds).Summarize(LegsOf(calls, key));
}

// The same in the plainest way.
CallSummary PlainSummary(const std::vector<ActiveCall>& calls) {
  std::map<CallId, std::uint32_t> legs;
  std::set<CallId> sessions;
  std::map<std::int32_t, std::uint64_t> exponential;
  CallSummary summary{.bucket_counts = std::vector<std::uint64_t>(kSummaryBounds.size() + 1),
                      .longer_than = std::vector<std::uint64_t>(kThresholds.size())};
  for (const ActiveCall& call : calls) {
    legs[call.leg] = std::max(legs[call.leg], call.duration_seconds);
    sessions.insert(call.session);
  }
  for (const auto& [leg, duration] : legs) {
    std::size_t bucket = 0;
    while (bucket < kSummaryBounds.size() && duration > kSummaryBounds[bucket]) ++bucket;
    ++summary.bucket_counts[bucket];
    summary.total_seconds += duration;
    summary.longest_seconds = std::max(summary.longest_seconds, duration);
    for (std::size_t i = 0; i < kThresholds.size(); ++i) {
      if (duration > kThresholds[i]) ++summary.longer_than[i];
    }
    if (duration == 0) ++summary.zero_seconds_legs;
    if (duration > 0) ++exponential[ExponentialBuckets::IndexOf(duration)];
  }
  for (const auto& [index, count] : exponential) {
    summary.duration_buckets.push_back({.index = index, .count = count});
  }
  summary.legs = legs.size();
  summary.sessions = sessions.size();
  return summary;
}

TEST(CallSummarizer, SumsUpNothing) {
  EXPECT_EQ(Summarize({}), (CallSummary{.bucket_counts = {0, 0, 0, 0}, .longer_than = {0, 0}}));
}

TEST(CallSummarizer, PutsADurationEqualToABoundBelowIt) {
  EXPECT_EQ(
      Summarize({Call(1, 1, 0), Call(2, 2, 5), Call(3, 3, 6), Call(4, 4, 600), Call(5, 5, 601)})
          .bucket_counts,
      (std::vector<std::uint64_t>{2, 1, 1, 1}));
}

TEST(CallSummarizer, CountsExponentialBucketsSparsely) {
  const CallSummary summary =
      Summarize({Call(1, 1, 0), Call(2, 2, 0), Call(3, 3, 1), Call(4, 4, 600), Call(5, 5, 601)});
  EXPECT_EQ(summary.zero_seconds_legs, 2U);
  // 600 s and 601 s are both above 2^(73/8) s, about 558 s, and up to 2^(74/8) s, about 609 s.
  EXPECT_EQ(summary.duration_buckets, (std::vector<ExponentialBuckets::Bucket>{
                                          {.index = 0, .count = 1}, {.index = 74, .count = 2}}));
}

TEST(CallSummarizer, CountsALegOnceWithItsLongestDuration) {
  const CallSummary summary = Summarize({Call(1, 1, 30), Call(2, 1, 10), Call(1, 1, 31)});
  EXPECT_EQ(summary.legs, 2U);
  EXPECT_EQ(summary.total_seconds, 41U);
  EXPECT_EQ(summary.longest_seconds, 31U);
  EXPECT_EQ(Summarize({Call(1, 1, 31), Call(1, 1, 30)}).total_seconds, 31U);
}

TEST(CallSummarizer, CountsSessionsOnce) {
  EXPECT_EQ(Summarize({Call(1, 1, 1), Call(2, 1, 1), Call(3, 2, 1)}).sessions, 2U);
}

TEST(CallSummarizer, KnowsNoSessionsWhenOneIsMissing) {
  std::vector<ActiveCall> calls = {Call(1, 1, 1), Call(2, 1, 1)};
  calls[1].has_session = false;
  EXPECT_EQ(Summarize(calls).sessions, std::nullopt);
  EXPECT_EQ(Summarize(calls).legs, 2U);
}

TEST(CallSummarizer, CountsLegsThatHaveLastedLongerThanEachThreshold) {
  const CallSummary summary = Summarize({Call(1, 1, 60), Call(2, 2, 61), Call(3, 3, 300),
                                         Call(4, 4, 301), Call(4, 4, 30), Call(5, 5, 20'000)});
  EXPECT_EQ(summary.longer_than, (std::vector<std::uint64_t>{4, 2}));
  CallSummarizer none(kSummaryBounds);
  EXPECT_EQ(none.Summarize(LegsOf({Call(1, 1, 60)})).longer_than, std::vector<std::uint64_t>());
  EXPECT_EQ(*CallSummarizer(kSummaryBounds, kThresholds).long_call_thresholds(), kThresholds);
}

TEST(CallSummarizer, LeavesNothingBehindForTheNextPoll) {
  CallSummarizer summarizer(kSummaryBounds, kThresholds);
  SortedLegs legs{IdFingerprint(1)};
  const auto summarize = [&](const std::vector<ActiveCall>& calls) {
    legs.Assign(CallRows(calls));
    return summarizer.Summarize(legs);
  };
  summarize({Call(1, 1, 1), Call(2, 2, 2)});
  EXPECT_EQ(summarize({Call(3, 3, 3)}), Summarize({Call(3, 3, 3)}));
  summarize(std::vector<ActiveCall>(40'000, Call(1, 1, 1)));
  EXPECT_EQ(summarize({Call(3, 3, 3)}), Summarize({Call(3, 3, 3)}));
}

TEST(CallSummarizer, AgreesWithThePlainestCount) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    const std::size_t size = random() % 2000;
    const std::uint64_t ids = 1 + random() % (round % 3 == 0 ? 10 : 5000);
    std::vector<ActiveCall> calls;
    for (std::size_t i = 0; i < size; ++i) {
      calls.push_back(
          Call(random() % ids, random() % ids, static_cast<std::uint32_t>(random() % 1000)));
    }
    // Also with a key that gives many ids the same fingerprint.
    for (const std::uint64_t key : {std::uint64_t{0}, std::uint64_t{1}, random()}) {
      ASSERT_EQ(Summarize(calls, key), PlainSummary(calls)) << round;
    }
  }
}

TEST(CallSummarizer, KeepsIdsApartThatDifferInOneBit) {
  std::vector<ActiveCall> calls;
  for (unsigned bit = 0; bit < 64; ++bit) {
    ActiveCall call = Call(0, 0, 1);
    call.leg = {.high = std::uint64_t{1} << bit, .low = 0};
    calls.push_back(call);
    call.leg = {.high = 0, .low = std::uint64_t{1} << bit};
    calls.push_back(call);
  }
  EXPECT_EQ(Summarize(calls).legs, 128U);
}

TEST(SortedLegs, AreInTheSameOrderWhateverTheOrderOfTheRows) {
  std::vector<ActiveCall> calls;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    calls.push_back(Call(i % 4000, i % 7, static_cast<std::uint32_t>(i)));
  }
  std::mt19937_64 random(1);
  const SortedLegs legs = LegsOf(calls);
  EXPECT_EQ(legs.sessions(), 7U);
  const std::vector<TrackedLeg> first = InOrder(legs);
  std::ranges::shuffle(calls, random);
  const std::vector<TrackedLeg> second = InOrder(LegsOf(calls));
  ASSERT_EQ(first.size(), 4000U);
  for (std::size_t i = 0; i < first.size(); ++i) {
    ASSERT_EQ(first[i].id, second[i].id);
    ASSERT_EQ(first[i].duration_seconds, second[i].duration_seconds);
    if (i > 0) {
      ASSERT_TRUE(first[i - 1].ComesBefore(first[i]));
    }
  }
}

TEST(SortedLegs, SettlesEqualFingerprintsByTheWholeId) {
  // Among so many ids about a hundred pairs have the same 32-bit fingerprint. Each comes twice.
  constexpr std::uint64_t kIds = 500'000;
  std::vector<ActiveCall> calls;
  for (std::uint64_t i = 0; i < 2 * kIds; ++i) {
    ActiveCall call = Call(0, 0, i < kIds ? 1 : 2);
    call.leg = call.session = {.high = i % kIds * 3, .low = i % kIds};
    calls.push_back(call);
  }
  const SortedLegs sorted = LegsOf(calls);
  EXPECT_EQ(sorted.sessions(), kIds);
  const std::vector<TrackedLeg> legs = InOrder(sorted);
  EXPECT_EQ(legs.size(), kIds);
  std::size_t met = 0;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    ASSERT_EQ(legs[i].duration_seconds, 2U);
    if (i == 0) continue;
    ASSERT_TRUE(legs[i - 1].ComesBefore(legs[i]));
    if (legs[i - 1].fingerprint == legs[i].fingerprint) ++met;
  }
  EXPECT_GT(met, 0U);
}

}  // namespace
}  // namespace telnyx_exporter
