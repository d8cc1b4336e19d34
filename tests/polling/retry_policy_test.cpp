#include "polling/retry_policy.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

FailedAttempt Failed(FailureReason reason, std::uint32_t attempt = 1) {
  return {.attempt = attempt, .reason = reason, .remaining = 1h, .jitter = 0};
}

TEST(RetryDelay, RetriesTransientFailuresOnly) {
  for (const FailureReason reason : kFailureReasons) {
    const bool transient = reason == FailureReason::kTimeout || reason == FailureReason::kConnect ||
                           reason == FailureReason::kRateLimited ||
                           reason == FailureReason::kServerError;
    EXPECT_EQ(RetryDelay(Failed(reason)).has_value(), transient) << ReasonLabel(reason);
  }
}

TEST(RetryDelay, DoublesUpToItsLimit) {
  const auto delay = [](std::uint32_t attempt, double jitter) {
    FailedAttempt failed = Failed(FailureReason::kServerError, attempt);
    failed.jitter = jitter;
    return RetryDelay(failed);
  };
  EXPECT_EQ(delay(1, 0), Duration(250ms));
  EXPECT_EQ(delay(1, 1), Duration(500ms));
  EXPECT_EQ(delay(2, 1), Duration(1s));
  EXPECT_EQ(delay(3, 1), Duration(2s));
  EXPECT_EQ(delay(4, 1), Duration(4s));
  EXPECT_EQ(delay(kMaxAttempts, 1), std::nullopt);
}

TEST(RetryDelay, WaitsAsLongAsTheServerAsks) {
  FailedAttempt failed = Failed(FailureReason::kRateLimited);
  failed.advice.rate_limit_reset = 20s;
  EXPECT_EQ(RetryDelay(failed), Duration(20s));
  failed.advice.retry_after = 3s;
  EXPECT_EQ(RetryDelay(failed), Duration(3s));
  failed.advice.retry_after = 0s;
  EXPECT_EQ(RetryDelay(failed), Duration(250ms));
}

TEST(RetryDelay, TakesTheResetForRateLimitingOnly) {
  FailedAttempt failed = Failed(FailureReason::kServerError);
  failed.advice.rate_limit_reset = 20s;
  EXPECT_EQ(RetryDelay(failed), Duration(250ms));
}

TEST(RetryDelay, GivesUpWhenTheWaitWouldReachTheTimeout) {
  FailedAttempt failed = Failed(FailureReason::kServerError);
  failed.remaining = 250ms;
  EXPECT_EQ(RetryDelay(failed), std::nullopt);
  failed.remaining = 251ms;
  EXPECT_EQ(RetryDelay(failed), Duration(250ms));
}

TEST(RetryDelay, FollowsShouldRetryEitherWay) {
  FailedAttempt failed = Failed(FailureReason::kServerError);
  failed.advice.should_retry = false;
  EXPECT_EQ(RetryDelay(failed), std::nullopt);
  failed = Failed(FailureReason::kUnexpectedStatus);
  failed.advice.should_retry = true;
  EXPECT_TRUE(RetryDelay(failed).has_value());
}

TEST(RefusedInterval, DoublesUpToFiveMinutes) {
  EXPECT_EQ(RefusedInterval(15s, 1), Duration(15s));
  EXPECT_EQ(RefusedInterval(15s, 2), Duration(30s));
  EXPECT_EQ(RefusedInterval(15s, 5), Duration(240s));
  EXPECT_EQ(RefusedInterval(15s, 6), Duration(300s));
  EXPECT_EQ(RefusedInterval(15s, 4'000'000'000U), Duration(300s));
}

TEST(RefusedInterval, IsNeverShorterThanTheConfiguredOne) {
  EXPECT_EQ(RefusedInterval(1h, 1), Duration(1h));
  EXPECT_EQ(RefusedInterval(1h, 9), Duration(1h));
}

}  // namespace
}  // namespace telnyx_exporter
