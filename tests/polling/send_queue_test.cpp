#include "polling/send_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "now.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr ConnectionKey kFirst{0};
constexpr ConnectionKey kSecond{1};

TEST(SendQueue, TakesNewPollsInTheirOrder) {
  SendQueue queue({.requests_per_second = 10, .burst = 10}, kNow);
  EXPECT_FALSE(queue.TakeTurn(kNow).has_value());
  queue.AddNewPoll(kSecond, kNow);
  queue.AddNewPoll(kFirst, kNow);
  EXPECT_EQ(queue.TakeTurn(kNow)->sender, Sender(kSecond));
  EXPECT_EQ(queue.TakeTurn(kNow)->sender, Sender(kFirst));
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, LetsWhatIsUnderWayGoFirst) {
  SendQueue queue({.requests_per_second = 10, .burst = 10}, kNow);
  queue.AddNewPoll(kFirst, kNow);
  queue.AddNextRequest(kSecond, kNow);
  queue.AddNextRequest(std::nullopt, kNow);
  EXPECT_EQ(queue.TakeTurn(kNow)->sender, Sender(kSecond));
  EXPECT_EQ(queue.TakeTurn(kNow)->sender, Sender());
  EXPECT_EQ(queue.TakeTurn(kNow)->sender, Sender(kFirst));
}

TEST(SendQueue, CountsOnlyTheTimeForWhichTheLimitHeldItBack) {
  SendQueue queue({.requests_per_second = 1, .burst = 1}, kNow);
  queue.AddNewPoll(kFirst, kNow);
  EXPECT_EQ(queue.TakeTurn(kNow)->held_back_by_limit, Duration(0s));
  queue.AddNewPoll(kSecond, kNow);
  EXPECT_EQ(queue.NextTurn(kNow), kNow + 1s);
  // Nobody looked before: from here on it is the limit that holds it back.
  EXPECT_FALSE(queue.TakeTurn(kNow + 400ms).has_value());
  EXPECT_EQ(queue.TakeTurn(kNow + 1s)->held_back_by_limit, Duration(600ms));
}

TEST(SendQueue, ForgetsWhoIsRemoved) {
  SendQueue queue({.requests_per_second = 10, .burst = 10}, kNow);
  queue.AddNewPoll(kFirst, kNow);
  queue.AddNextRequest(kFirst, kNow);
  queue.AddNextRequest(std::nullopt, kNow);
  queue.Remove(kFirst);
  EXPECT_EQ(queue.TakeTurn(kNow)->sender, Sender());
  EXPECT_FALSE(queue.NextTurn(kNow).has_value());
}

TEST(SendQueue, GivesUpTheNewPollsAlone) {
  SendQueue queue({.requests_per_second = 10, .burst = 10}, kNow);
  queue.AddNewPoll(kFirst, kNow);
  queue.AddNextRequest(kSecond, kNow);
  EXPECT_THAT(queue.TakeNewPolls(), ElementsAre(kFirst));
  EXPECT_EQ(queue.TakeTurn(kNow)->sender, Sender(kSecond));
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace telnyx_exporter
