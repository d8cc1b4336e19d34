#include "polling/request_sequence.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "polling/poll.h"
#include "support/manual_clock.h"
#include "support/padded.h"
#include "support/pages.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using Kind = TransportError::Kind;
using Next = Poll::Next;

constexpr Duration kTimeout = 3s;

class RequestSequenceTest : public ::testing::Test {
 protected:
  Next Answer(int status, std::string_view body = "") {
    const Padded padded(body);
    return Take({.result = Response{.status = status, .body = padded}});
  }
  Next Fail(Kind kind) {
    return Take({.result = std::unexpected(TransportError{kind, "made up"})});
  }
  Next Take(const Exchange& exchange) {
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
