#include "polling/rate_limiter.h"

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{100h};

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

}  // namespace
}  // namespace telnyx_exporter
