#include "polling/rate_limiter.h"

#include <gtest/gtest.h>

#include "now.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

int TakeAll(RateLimiter& limiter, Instant now) {
  int taken = 0;
  while (limiter.WaitTime(now) == Duration::zero()) {
    limiter.Take(now);
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
  limiter.Take(now);
  for (int i = 0; i < 1000; ++i) {
    const Duration wait = limiter.WaitTime(now);
    ASSERT_GT(wait, Duration::zero());
    ASSERT_LE(wait, Duration(334ms));
    now += wait;
    ASSERT_EQ(limiter.WaitTime(now), Duration::zero());
    limiter.Take(now);
  }
  EXPECT_GE(now - kNow, Duration(333s));
}

TEST(RateLimiter, NamesTheSameMomentWheneverItIsAsked) {
  RateLimiter limiter({.requests_per_second = 0.7, .burst = 1}, kNow);
  limiter.Take(kNow);
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
  limiter.Take(kNow);
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
  limiter.OnQuota(3, 10s, kNow);
  EXPECT_EQ(TakeAll(limiter, kNow), 3);
  EXPECT_EQ(limiter.WaitTime(kNow), Duration(10s));
  EXPECT_EQ(TakeAll(limiter, kNow + 10s), 16);
}

TEST(RateLimiter, TakesTheLowestOfTheQuotasOfAnswersThatOvertookEachOther) {
  RateLimiter limiter({.requests_per_second = 1000, .burst = 100}, kNow);
  limiter.OnQuota(0, 10s, kNow);
  limiter.OnQuota(7, 10s, kNow + 10ms);
  EXPECT_EQ(TakeAll(limiter, kNow + 9s), 0);
  EXPECT_EQ(TakeAll(limiter, kNow + 10s), 100);
}

TEST(RateLimiter, DoesNotEndAQuotaEarlierThanAnAnswerSaid) {
  RateLimiter limiter({.requests_per_second = 1000, .burst = 100}, kNow);
  limiter.OnQuota(5, 10s, kNow);
  limiter.OnQuota(3, 1s, kNow);
  EXPECT_EQ(TakeAll(limiter, kNow + 9s), 3);
}

TEST(RateLimiter, LetsOneThroughAfterTheWaitItToldWhileItRecovers) {
  RateLimiter limiter({.requests_per_second = 3, .burst = 1}, kNow);
  Instant now = kNow;
  limiter.OnRefused(now, now, 0s);
  for (int i = 0; i < 1000; ++i) {
    now += limiter.WaitTime(now);
    ASSERT_EQ(limiter.WaitTime(now), Duration::zero()) << i;
    limiter.Take(now);
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
  limiter.Take(kNow);
  limiter.OnQuota(0, 10s, kNow);
  EXPECT_EQ(limiter.OwnLimitEnds(), kNow + 1s);
  EXPECT_EQ(limiter.ApiLimitEnds(), kNow + 10s);
}

TEST(RateLimiter, IsNotStoppedByTheLargestQuota) {
  RateLimiter limiter({.requests_per_second = 1, .burst = 9}, kNow);
  limiter.OnQuota(UINT64_MAX, 1min, kNow);
  EXPECT_EQ(TakeAll(limiter, kNow), 9);
}

}  // namespace
}  // namespace telnyx_exporter
