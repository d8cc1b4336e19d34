#include "polling/account_limits.h"

#include <limits>

#include <gtest/gtest.h>

#include "now.h"
#include "polling/request_sequence.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

int TakeAll(RateLimiter& limiter, Instant now) {
  int taken = 0;
  while (limiter.WaitTime(now) == Duration::zero()) {
    limiter.CountRequest(now);
    ++taken;
  }
  return taken;
}

TEST(RateLimiter, StartsWithItsBurst) {
  RateLimiter limiter({.requests_per_second = 10, .burst = 20}, kNow);
  EXPECT_EQ(TakeAll(limiter, kNow), 20);
}

TEST(RateLimiter, LetsOneThroughAfterTheWaitItTold) {
  RateLimiter limiter({.requests_per_second = 3, .burst = 1}, kNow);
  Instant now = kNow;
  limiter.CountRequest(now);
  for (int i = 0; i < 1000; ++i) {
    const Duration wait = limiter.WaitTime(now);
    ASSERT_GT(wait, Duration::zero());
    ASSERT_LE(wait, Duration(334ms));
    now += wait;
    ASSERT_EQ(limiter.WaitTime(now), Duration::zero());
    limiter.CountRequest(now);
  }
  EXPECT_GE(now - kNow, Duration(333s));
}

TEST(RateLimiter, NamesTheSameMomentWheneverItIsAsked) {
  RateLimiter limiter({.requests_per_second = 0.7, .burst = 1}, kNow);
  limiter.CountRequest(kNow);
  const Instant ready = kNow + limiter.WaitTime(kNow);
  for (Instant now = kNow; now < ready; now += 9'999'991ns) {
    EXPECT_EQ(now + limiter.WaitTime(now), ready);
  }
}

TEST(RateLimiter, IsNotTouchedByAConfigurationThatChangesNothing) {
  const RateLimit limit{.requests_per_second = 8, .burst = 2};
  RateLimiter touched(limit, kNow);
  RateLimiter untouched(limit, kNow);
  for (RateLimiter* limiter : {&touched, &untouched}) limiter->OnRefused(kNow, kNow, 0s);
  touched.Configure(limit, kNow + 200ms);
  EXPECT_EQ(touched.WaitTime(kNow + 200ms), untouched.WaitTime(kNow + 200ms));
}

TEST(RateLimiter, KeepsTheRateInTheLongRun) {
  RateLimiter limiter({.requests_per_second = 10, .burst = 20}, kNow);
  int taken = 0;
  for (Instant now = kNow; now < kNow + 60s; now += 7ms) taken += TakeAll(limiter, now);
  EXPECT_LE(taken, 20 + 600);
  EXPECT_GE(taken, 20 + 598);
}

TEST(RateLimiter, GivesNoMoreThanTheBurstAfterAPause) {
  RateLimiter limiter({.requests_per_second = 10, .burst = 20}, kNow);
  TakeAll(limiter, kNow);
  EXPECT_EQ(TakeAll(limiter, kNow + 24h), 20);
}

TEST(RateLimiter, GivesNothingForATimeThatGoesBack) {
  RateLimiter limiter({.requests_per_second = 10, .burst = 1}, kNow);
  limiter.CountRequest(kNow);
  EXPECT_GT(limiter.WaitTime(kNow - 1h), Duration::zero());
}

TEST(RateLimiter, HalvesItsRateWhenItIsRefused) {
  RateLimiter limiter({.requests_per_second = 8, .burst = 16}, kNow);
  limiter.OnRefused(kNow, kNow, 0s);
  EXPECT_DOUBLE_EQ(limiter.RateAt(kNow), 4);
  EXPECT_EQ(TakeAll(limiter, kNow), 0);
  limiter.OnRefused(kNow + 1s, kNow + 1s, 0s);
  EXPECT_LT(limiter.RateAt(kNow + 1s), 2.1);
}

TEST(RateLimiter, IsHalvedOnceByRequestsThatWereUnderWayTogether) {
  RateLimiter limiter({.requests_per_second = 8, .burst = 16}, kNow);
  for (int i = 1; i <= 16; ++i) limiter.OnRefused(kNow, kNow + i * 10ms, 0s);
  EXPECT_NEAR(limiter.RateAt(kNow + 160ms), 4, 0.01);
}

TEST(RateLimiter, NeverStopsAltogether) {
  RateLimiter limiter({.requests_per_second = 8, .burst = 16}, kNow);
  for (int i = 0; i < 100; ++i) limiter.OnRefused(kNow + i * 1ms, kNow + i * 1ms, 0s);
  EXPECT_GE(limiter.RateAt(kNow + 100ms), 8 / kMostRateDivision);
  EXPECT_LE(limiter.WaitTime(kNow + 100ms), Duration(8s));
}

TEST(RateLimiter, RecoversSlowlyAndNeverAboveTheConfiguredRate) {
  RateLimiter limiter({.requests_per_second = 8, .burst = 16}, kNow);
  limiter.OnRefused(kNow, kNow, 0s);
  EXPECT_NEAR(limiter.RateAt(kNow + kRateRecoveryTime / 4), 6, 0.01);
  EXPECT_DOUBLE_EQ(limiter.RateAt(kNow + kRateRecoveryTime / 2), 8);
  EXPECT_DOUBLE_EQ(limiter.RateAt(kNow + 24h), 8);
  EXPECT_EQ(TakeAll(limiter, kNow + 24h), 16);
}

TEST(RateLimiter, HalvesItsBurstToo) {
  RateLimiter limiter({.requests_per_second = 8, .burst = 16}, kNow);
  limiter.OnRefused(kNow, kNow, 0s);
  EXPECT_LE(TakeAll(limiter, kNow + 10s), 9);
}

TEST(RateLimiter, WaitsAsLongAsItIsAskedToUpToABound) {
  RateLimiter limiter({.requests_per_second = 8, .burst = 16}, kNow);
  limiter.OnRefused(kNow, kNow, 5s);
  EXPECT_EQ(limiter.WaitTime(kNow), Duration(5s));
  limiter.OnRefused(kNow, kNow, 24h);
  EXPECT_EQ(limiter.WaitTime(kNow), kLongestRateLimitBlock);
}

TEST(RateLimiter, SpendsNoMoreThanTheApiSaysIsLeft) {
  RateLimiter limiter({.requests_per_second = 8, .burst = 16}, kNow);
  limiter.OnQuota(kNow, 3, 10s, kNow);
  EXPECT_EQ(TakeAll(limiter, kNow), 3);
  EXPECT_EQ(limiter.WaitTime(kNow), Duration(10s));
  EXPECT_EQ(TakeAll(limiter, kNow + 10s), 16);
}

TEST(RateLimiter, TakesTheLowestOfTheQuotasOfAnswersThatOvertookEachOther) {
  RateLimiter limiter({.requests_per_second = 1000, .burst = 100}, kNow);
  limiter.OnQuota(kNow, 0, 10s, kNow);
  limiter.OnQuota(kNow, 7, 10s, kNow + 10ms);
  EXPECT_EQ(TakeAll(limiter, kNow + 9s), 0);
  EXPECT_EQ(TakeAll(limiter, kNow + 10s), 100);
}

// With a server that resets its quota each second, those of two seconds must not be added up.
TEST(RateLimiter, TakesANewQuotaFromAnAnswerThatCannotBeAnOlderOne) {
  RateLimiter limiter({.requests_per_second = 1000, .burst = 100}, kNow);
  limiter.OnQuota(kNow, 2, 1s, kNow + 700ms);
  limiter.OnQuota(kNow + 699ms, 19, 1s, kNow + 1s);
  EXPECT_EQ(TakeAll(limiter, kNow + 1s), 2);
  limiter.OnQuota(kNow + 1s, 19, 1s, kNow + 1010ms);
  EXPECT_EQ(TakeAll(limiter, kNow + 1100ms), 19);
  EXPECT_EQ(TakeAll(limiter, kNow + 1800ms), 0);
  EXPECT_GT(TakeAll(limiter, kNow + 2010ms), 19);
}

// What is left of a second is told as a second.
TEST(RateLimiter, EndsAQuotaAtTheEarliestEndThatAnAnswerSaid) {
  RateLimiter limiter({.requests_per_second = 1000, .burst = 100}, kNow);
  limiter.OnQuota(kNow, 5, 1s, kNow);
  limiter.OnQuota(kNow, 3, 1s, kNow + 600ms);
  EXPECT_EQ(TakeAll(limiter, kNow + 999ms), 3);
  EXPECT_EQ(TakeAll(limiter, kNow + 1s), 98);
}

TEST(RateLimiter, LetsOneThroughAfterTheWaitItToldWhileItRecovers) {
  RateLimiter limiter({.requests_per_second = 3, .burst = 1}, kNow);
  Instant now = kNow;
  limiter.OnRefused(now, now, 0s);
  for (int i = 0; i < 1000; ++i) {
    now += limiter.WaitTime(now);
    ASSERT_EQ(limiter.WaitTime(now), Duration::zero()) << i;
    limiter.CountRequest(now);
  }
}

TEST(RateLimiter, KeepsWhatItLearntUnderANewConfiguration) {
  RateLimiter limiter({.requests_per_second = 8, .burst = 16}, kNow);
  limiter.OnRefused(kNow, kNow, 5s);
  limiter.Configure({.requests_per_second = 80, .burst = 160}, kNow);
  EXPECT_DOUBLE_EQ(limiter.RateAt(kNow), 40);
  EXPECT_EQ(limiter.WaitTime(kNow), Duration(5s));
  limiter.Configure({.requests_per_second = 1, .burst = 1}, kNow);
  EXPECT_EQ(TakeAll(limiter, kNow + 24h), 1);
}

TEST(RateLimiter, LetsNoMoreThanItsBurstThroughAtAnyRate) {
  for (const double rate : {1e-300, 1e-10, 1e-6, 0.5}) {
    RateLimiter limiter({.requests_per_second = rate, .burst = 1}, kNow);
    EXPECT_EQ(TakeAll(limiter, kNow), 1) << rate;
    EXPECT_GE(limiter.WaitTime(kNow), Duration(1999ms)) << rate;
    EXPECT_EQ(TakeAll(limiter, kNow + 1s), 0) << rate;
  }
}

TEST(RateLimiter, IsSafeWithAHugeRate) {
  for (const double rate : {1e9, 1e18, 1e300}) {
    RateLimiter limiter({.requests_per_second = rate, .burst = 5}, kNow);
    limiter.OnRefused(kNow, kNow, 1s);
    EXPECT_EQ(limiter.WaitTime(kNow), Duration(1s)) << rate;
    EXPECT_EQ(limiter.WaitTime(kNow + 2s), Duration::zero()) << rate;
  }
}

TEST(RateLimiter, TellsItsOwnLimitFromTheApis) {
  RateLimiter limiter({.requests_per_second = 1, .burst = 1}, kNow);
  EXPECT_LE(limiter.ApiLimitEnds(), kNow);
  limiter.CountRequest(kNow);
  limiter.OnQuota(kNow, 0, 10s, kNow);
  EXPECT_EQ(limiter.OwnLimitEnds(), kNow + 1s);
  EXPECT_EQ(limiter.ApiLimitEnds(), kNow + 10s);
}

TEST(RateLimiter, IsNotStoppedByTheLargestQuota) {
  RateLimiter limiter({.requests_per_second = 1, .burst = 9}, kNow);
  limiter.OnQuota(kNow, UINT64_MAX, 1min, kNow);
  EXPECT_EQ(TakeAll(limiter, kNow), 9);
}

using namespace std::chrono_literals;

constexpr ConnectionKey kFirst{0};
constexpr ConnectionKey kSecond{1};
constexpr Duration kInterval = 15s;

class KeyGuardTest : public ::testing::Test {
 protected:
  std::optional<Duration> Refuse(Instant begun, Instant now) {
    return guard_.OnRefused(begun, now, kInterval, failure_);
  }

  KeyGuard guard_;
  const PollFailure failure_{.reason = FailureReason::kUnauthorized, .http_status = 401};
};

TEST_F(KeyGuardTest, HoldsNobodyBackBeforeARefusal) {
  EXPECT_FALSE(guard_.HoldsBack(kNow));
  EXPECT_FALSE(guard_.OnPollBegun(kFirst, kNow));
  EXPECT_FALSE(guard_.HoldsBack(kNow));
}

TEST_F(KeyGuardTest, WaitsTwiceAsLongAfterEachRefusal) {
  Instant now = kNow;
  for (const Duration wait : {15s, 30s, 60s, 120s, 240s, 300s, 300s}) {
    ASSERT_EQ(Refuse(now, now + 1s), wait);
    now += 1s;
    const Instant tries = now + wait - kInterval;
    EXPECT_TRUE(guard_.HoldsBack(tries - 1ns));
    EXPECT_FALSE(guard_.HoldsBack(tries));
    now = tries + 1ms;
  }
}

TEST_F(KeyGuardTest, CountsPollsThatWereUnderWayTogetherOnce) {
  ASSERT_TRUE(Refuse(kNow, kNow + 1s).has_value());
  EXPECT_FALSE(Refuse(kNow + 500ms, kNow + 2s).has_value());
  EXPECT_EQ(guard_.refusals(), 1U);
}

TEST_F(KeyGuardTest, LetsOneTryTheKeyAtATime) {
  Refuse(kNow, kNow);
  ASSERT_FALSE(guard_.HoldsBack(kNow + 15s));
  EXPECT_TRUE(guard_.OnPollBegun(kFirst, kNow + 15s));
  EXPECT_TRUE(guard_.HoldsBack(kNow + 16s));
  guard_.OnPollOver(kSecond);
  EXPECT_TRUE(guard_.HoldsBack(kNow + 16s));
}

TEST_F(KeyGuardTest, LetsAnotherTryWhenTheTrialIsOver) {
  Refuse(kNow, kNow);
  guard_.OnPollBegun(kFirst, kNow + 15s);
  guard_.OnPollOver(kFirst);
  EXPECT_FALSE(guard_.HoldsBack(kNow + 16s));
}

TEST_F(KeyGuardTest, LetsAnotherTryWhenTheTrialHangs) {
  Refuse(kNow, kNow);
  guard_.OnPollBegun(kFirst, kNow + 15s);
  EXPECT_TRUE(guard_.HoldsBack(kNow + 15s + kLongestKeyTrial - 1ns));
  EXPECT_FALSE(guard_.HoldsBack(kNow + 15s + kLongestKeyTrial));
  guard_.OnPollBegun(kSecond, kNow + 50s);
  guard_.OnPollOver(kFirst);
  EXPECT_TRUE(guard_.HoldsBack(kNow + 51s));
}

TEST_F(KeyGuardTest, HoldsNobodyBackAfterAnAcceptance) {
  Refuse(kNow, kNow);
  EXPECT_TRUE(guard_.OnAccepted(kNow));
  EXPECT_FALSE(guard_.OnAccepted(kNow));
  EXPECT_EQ(guard_.accepted_at(), kNow);
  EXPECT_FALSE(guard_.HoldsBack(kNow));
  EXPECT_EQ(Refuse(kNow + 1h, kNow + 1h), Duration(kInterval));
}

TEST_F(KeyGuardTest, KnowsNothingOfANewKey) {
  Refuse(kNow, kNow);
  Refuse(kNow + 1s, kNow + 2s);
  guard_.Forget();
  EXPECT_FALSE(guard_.refused());
  EXPECT_FALSE(guard_.accepted_at().has_value());
  EXPECT_FALSE(guard_.HoldsBack(kNow + 2s));
}

using namespace std::chrono_literals;

// What polls send under the stretched intervals.
double Sent(const RequestDemand& demand, const IntervalStretch& stretch) {
  const double idle = demand.idle * (1 - stretch.idle_wait) + demand.idle_least * stretch.idle_wait;
  return (demand.busy + idle) / stretch.factor + demand.lists;
}

TEST(StretchFor, LeavesIntervalsAloneWhereTheBudgetIsLargeEnough) {
  EXPECT_EQ(StretchFor({.busy = 3, .idle = 3, .idle_least = 1, .lists = 4}, 10), IntervalStretch{});
  EXPECT_EQ(StretchFor({}, 10), IntervalStretch{});
}

TEST(StretchFor, StretchesAllAlikeAsMuchAsTheBudgetIsShort) {
  EXPECT_EQ(StretchFor({.busy = 20}, 5), (IntervalStretch{.factor = 4, .idle_wait = 1}));
  EXPECT_EQ(StretchFor({.idle = 20, .idle_least = 5}, 5),
            (IntervalStretch{.factor = 1, .idle_wait = 1}));
  EXPECT_EQ(StretchFor({.idle = 200, .idle_least = 50}, 5),
            (IntervalStretch{.factor = 10, .idle_wait = 1}));
}

TEST(StretchFor, LetsIdleConnectionsWaitFirst) {
  EXPECT_EQ(StretchFor({.busy = 4, .idle = 8, .idle_least = 2}, 8),
            (IntervalStretch{.factor = 1, .idle_wait = 4.0 / 6}));
}

TEST(StretchFor, UsesUpWhatIsAllowedAndNoMore) {
  for (const double allowed : {1.0, 2.0, 5.0, 9.0, 13.0}) {
    for (const double busy : {0.0, 1.0, 6.0, 20.0}) {
      for (const double idle : {0.0, 1.0, 6.0, 20.0}) {
        for (const double least : {0.25, 0.7, 1.0}) {
          const RequestDemand demand{
              .busy = busy, .idle = idle, .idle_least = idle * least, .lists = 0.2};
          const double sent = Sent(demand, StretchFor(demand, allowed));
          EXPECT_NEAR(sent, std::min(allowed, demand.total()), 1e-9);
        }
      }
    }
  }
}

TEST(StretchFor, LeavesPollsHalfOfTheBudgetWhateverTheListsNeed) {
  EXPECT_DOUBLE_EQ(StretchFor({.busy = 4, .lists = 100}, 2).factor, 4);
}

TEST(StretchFor, IsSafeWithExtremes) {
  const double huge = std::numeric_limits<double>::max();
  for (const double allowed : {1e-10, 1e-300, 1.0, 1e300}) {
    for (const double busy : {0.0, 1e-300, 1.0, 1e300, huge}) {
      for (const double least : {0.25, 1.0}) {
        const IntervalStretch stretch =
            StretchFor({.busy = busy, .idle = busy, .idle_least = busy * least}, allowed);
        for (const bool idle : {false, true}) {
          const Duration interval = InForce({.interval = 15s}, idle, stretch).interval;
          EXPECT_GE(interval, Duration(15s));
          EXPECT_LE(interval, kLongestStretchedInterval);
        }
      }
    }
  }
}

TEST(Stretched, KeepsAnIntervalThatIsLongerThanTheBoundAnyway) {
  EXPECT_EQ(Stretched(2 * kLongestStretchedInterval, 1), 2 * kLongestStretchedInterval);
  EXPECT_EQ(Stretched(2 * kLongestStretchedInterval, 9), 2 * kLongestStretchedInterval);
}

TEST(InForce, IsTheIdleIntervalOfAnIdleConnection) {
  const PollIntervals intervals{.interval = 15s, .idle_interval = 60s};
  EXPECT_EQ(InForce(intervals, false, {}), (IntervalInForce{.interval = 15s, .stale_after = 45s}));
  EXPECT_EQ(InForce(intervals, true, {}),
            (IntervalInForce{.interval = 60s, .stale_after = 180s, .idle = true}));
}

TEST(InForce, IsTheIntervalOfAnIdleConnectionWithoutALongerIdleOne) {
  const IntervalInForce configured{.interval = 15s, .stale_after = 45s};
  EXPECT_EQ(InForce({.interval = 15s, .idle_interval = 5s}, true, {}), configured);
  EXPECT_EQ(InForce({.interval = 15s}, true, {}), configured);
}

// Idle connections wait four times as long as if they were busy, or in their own idle interval
// where that is longer.
TEST(InForce, LetsIdleConnectionsWaitFourTimesAsLongAndNoLonger) {
  const auto interval = [](Duration idle_interval, const IntervalStretch& stretch) {
    return InForce({.interval = 15s, .idle_interval = idle_interval}, true, stretch).interval;
  };
  const IntervalStretch idle_alone{.factor = 1, .idle_wait = 1};
  EXPECT_EQ(interval(15s, idle_alone), Duration(60s));
  EXPECT_EQ(interval(30s, idle_alone), Duration(60s));
  EXPECT_EQ(interval(60s, idle_alone), Duration(60s));
  EXPECT_EQ(interval(1h, idle_alone), Duration(1h));
  const IntervalStretch all{.factor = 2, .idle_wait = 1};
  EXPECT_EQ(interval(15s, all), Duration(120s));
  EXPECT_EQ(interval(1h, all), Duration(2h));
  // Half of what the connection can save: 1/15 and 1/60 requests a second make 1/24 on average.
  EXPECT_EQ(interval(15s, {.factor = 1, .idle_wait = 0.5}), Duration(24s));
}

TEST(BudgetReview, CountsWhatIdleConnectionsNeedAtLeast) {
  BudgetReview review;
  DemandShare first;
  DemandShare second;
  review.Replace(first, {.requests = 4, .least = 1, .idle = true});
  review.Replace(second, {.requests = 2, .least = 2, .idle = true});
  EXPECT_EQ(review.DemandWith(0).idle_least, 3);
  review.Replace(first, {.requests = 4});
  EXPECT_EQ(review.DemandWith(0).idle_least, 2);
  EXPECT_EQ(review.DemandWith(0).busy, 4);
}

TEST(InForce, KeepsValuesAsLongAsGivenOrForThreeIntervalsInForce) {
  const IntervalStretch twice{.factor = 2, .idle_wait = 1};
  EXPECT_EQ(InForce({.interval = 15s}, false, twice),
            (IntervalInForce{.interval = 30s, .stale_after = 90s}));
  EXPECT_EQ(InForce({.interval = 15s, .stale_after = 45s}, false, twice),
            (IntervalInForce{.interval = 30s, .stale_after = 45s}));
}

TEST(DiffersMaterially, PassesOverRounding) {
  EXPECT_FALSE(DiffersMaterially(10, 10 + 1e-9));
  EXPECT_FALSE(DiffersMaterially(0, 0));
  EXPECT_TRUE(DiffersMaterially(10, 10.2));
  EXPECT_TRUE(DiffersMaterially(0, 1e-9));
  EXPECT_TRUE(DiffersMaterially(IntervalStretch{.factor = 1.0001}, IntervalStretch{}));
  EXPECT_TRUE(
      DiffersMaterially(IntervalStretch{.idle_wait = 0.5}, IntervalStretch{.idle_wait = 0.6}));
  EXPECT_FALSE(
      DiffersMaterially(IntervalStretch{.idle_wait = 0.5}, IntervalStretch{.idle_wait = 0.501}));
}

}  // namespace
}  // namespace telnyx_exporter
