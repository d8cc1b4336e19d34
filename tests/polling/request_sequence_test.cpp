#include "polling/request_sequence.h"

#include <algorithm>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "polling/polled_connection.h"
#include "support/manual_clock.h"
#include "support/padded.h"
#include "support/pages.h"

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

using namespace std::chrono_literals;
using Kind = TransportError::Kind;
using Next = Poll::Next;

constexpr Duration kTimeout = 3s;

class RequestSequenceTest : public ::testing::Test {
 protected:
  Next Answer(int status, std::string_view body = "") {
    const Padded padded(body);
    return Deliver({.result = Response{.status = status, .body = padded}});
  }
  Next Fail(Kind kind) {
    return Deliver({.result = std::unexpected(TransportError{kind, "made up"})});
  }
  Next Deliver(const Exchange& exchange) {
    return poll_.OnAnswer(ReadAnswer(exchange, clock_.WallNow()), clock_.Now(), 0.5);
  }

  ManualClock clock_;
  PollWorkspace workspace_;
  Poll poll_{"1", {}, clock_.Now(), kTimeout, workspace_};
};

TEST_F(RequestSequenceTest, FailsForTheEarlierReasonWhenItsEndCutsTheLastAttemptShort) {
  ASSERT_EQ(Answer(503), Next::kRetry);
  clock_.Advance(kTimeout - 5ms);
  ASSERT_EQ(poll_.AttemptTimeout(clock_.Now()), 5ms);
  clock_.Advance(5ms);
  EXPECT_EQ(Fail(Kind::kTimeout), Next::kFailed);
  EXPECT_EQ(poll_.failure().reason, FailureReason::kServerError);
  EXPECT_EQ(poll_.failure().http_status, 503);
}

TEST_F(RequestSequenceTest, FailsForTheNewestReasonThatTheApiGave) {
  ASSERT_EQ(Answer(503), Next::kRetry);
  clock_.Advance(kTimeout - 5ms);
  EXPECT_EQ(Answer(502), Next::kFailed);
  EXPECT_EQ(poll_.failure().http_status, 502);
}

TEST_F(RequestSequenceTest, FailsAsTimedOutWhenAnAttemptHadItsTime) {
  ASSERT_EQ(Answer(503), Next::kRetry);
  clock_.Advance(kTimeout / 2);
  ASSERT_EQ(Fail(Kind::kTimeout), Next::kRetry);
  EXPECT_EQ(poll_.failure().reason, FailureReason::kTimeout);
}

TEST_F(RequestSequenceTest, FailsAsTimedOutWhenALaterPageTakesTheRestOfItsTime) {
  clock_.Advance(kTimeout - 5ms);
  ASSERT_EQ(Answer(200, Page({Row(1, 1, 1)}, "next", 2)), Next::kRequest);
  clock_.Advance(5ms);
  EXPECT_EQ(Fail(Kind::kTimeout), Next::kFailed);
  EXPECT_EQ(poll_.failure().reason, FailureReason::kTimeout);
}

}  // namespace
}  // namespace telnyx_exporter
