#include "polling/key_guard.h"

#include <gtest/gtest.h>

#include "now.h"
#include "polling/retry_policy.h"

namespace telnyx_exporter {
namespace {

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
  EXPECT_TRUE(guard_.OnAccepted());
  EXPECT_FALSE(guard_.OnAccepted());
  EXPECT_FALSE(guard_.HoldsBack(kNow));
  EXPECT_EQ(Refuse(kNow + 1h, kNow + 1h), Duration(kInterval));
}

TEST_F(KeyGuardTest, KnowsNothingOfANewKey) {
  Refuse(kNow, kNow);
  Refuse(kNow + 1s, kNow + 2s);
  guard_.Forget();
  EXPECT_FALSE(guard_.refused());
  EXPECT_FALSE(guard_.HoldsBack(kNow + 2s));
}

}  // namespace
}  // namespace telnyx_exporter
