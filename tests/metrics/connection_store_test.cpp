// What the store keeps of polls beside the numbers on /metrics.

#include "metrics/connection_store.h"

#include <array>
#include <thread>

#include <gtest/gtest.h>

#include "example_keys.h"
#include "support/manual_clock.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::size_t, 1> kPlace = {0};

class ConnectionStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.Add(kConnection, "main", {.id = "1", .name = "support", .stale_after = 45s});
  }

  void Complete(std::uint64_t legs) {
    store_.OnPollEnded(kConnection, {.ended = clock_.Now(),
                                     .ended_wall = clock_.WallNow(),
                                     .elapsed = 1s,
                                     .result = CompletePoll{.summary = {.legs = legs}},
                                     .next_due = clock_.Now() + 15s});
  }

  void Fail(bool held_back = false) {
    store_.OnPollEnded(kConnection, {.ended = clock_.Now(),
                                     .ended_wall = clock_.WallNow(),
                                     .elapsed = 1s,
                                     .result = std::unexpected(PollFailure{}),
                                     .held_back = held_back});
  }

  ConnectionState State() const { return store_.Read(kPlace).at(0).state; }

  ManualClock clock_;
  ConnectionStore store_;
};

TEST_F(ConnectionStoreTest, KnowsWhenPollsEndedAndWhenTheNextIsDue) {
  Complete(3);
  EXPECT_EQ(State().last_poll_ended, clock_.Now());
  EXPECT_EQ(State().next_due, clock_.Now() + 15s);
  EXPECT_FALSE(State().last_poll_held_back);
  clock_.Advance(15s);
  Fail(true);
  EXPECT_EQ(State().last_poll_ended, clock_.Now());
  EXPECT_EQ(State().next_due, std::nullopt);
  EXPECT_TRUE(State().last_poll_held_back);
}

TEST_F(ConnectionStoreTest, KnowsSinceWhenAConnectionFails) {
  Complete(3);
  clock_.Advance(15s);
  Fail();
  const Instant since = clock_.Now();
  clock_.Advance(15s);
  Fail();
  EXPECT_EQ(State().failing_since, since);
  Complete(3);
  clock_.Advance(15s);
  Fail();
  EXPECT_EQ(State().failing_since, clock_.Now());
}

TEST_F(ConnectionStoreTest, KnowsValuesUntilTheyAreStale) {
  EXPECT_FALSE(State().knows_values(clock_.Now()));
  Complete(3);
  EXPECT_TRUE(State().knows_values(clock_.Now() + 44s));
  EXPECT_FALSE(State().knows_values(clock_.Now() + 45s));
}

TEST_F(ConnectionStoreTest, KeepsAHistoryThatGoesWithTheConnection) {
  Complete(3);
  EXPECT_EQ(State().history.At(clock_.Now()).back(), 3U);
  store_.Remove(kConnection);
  store_.Add(kConnection, "main", {.id = "2"});
  EXPECT_EQ(State().history.At(clock_.Now()).back(), std::nullopt);
}

TEST_F(ConnectionStoreTest, IsReadWhileItIsWritten) {
  std::jthread poller([this](const std::stop_token& stop) {
    for (std::uint64_t legs = 0; !stop.stop_requested(); legs = (legs + 1) % 1000) Complete(legs);
  });
  for (int i = 0; i < 200; ++i) {
    const ConnectionState state = State();
    if (!state.values) continue;
    // The clock stands still, so the highest number is at least the newest.
    EXPECT_GE(state.history.At(clock_.Now()).back(), state.values->summary.legs);
  }
}

}  // namespace
}  // namespace telnyx_exporter
