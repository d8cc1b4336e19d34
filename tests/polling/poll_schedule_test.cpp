#include "polling/poll_schedule.h"

#include <algorithm>
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "now.h"
#include "polling/job.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

const WallTime kWall{std::chrono::seconds(1'700'000'007)};

TEST(StableHash, NeverChanges) {
  // Other values would move every connection's polls, and connections between shards, at an
  // upgrade.
  EXPECT_EQ(StableHash("main", "1293384261075731461"), 0x16f9d8831e70a93eU);
  EXPECT_EQ(StableHash("main", "1"), 0x1c3c91f60c18ff70U);
  EXPECT_EQ(StableHash("other", "1"), 0x7a888d814258294bU);
  EXPECT_EQ(StableHash("a", "bc"), 0xfb326f94d972279fU);
  EXPECT_EQ(StableHash("ab", "c"), 0x6e8e5ea3e8f78b4dU);
  EXPECT_EQ(StableHash("", ""), 0xc44bdff4074eecdbU);
}

TEST(PollGrid, NeverMovesItsPlaces) {
  const PollGrid grid(15s, StableHash("main", "1293384261075731461"), kNow, kWall);
  EXPECT_EQ(grid.NextAfter(kNow) - kNow, 8500ms);
}

TEST(PollGrid, ComesOnceAnInterval) {
  const PollGrid grid(15s, 12345, kNow, kWall);
  const Instant first = grid.NextAfter(kNow);
  EXPECT_GT(first, kNow);
  EXPECT_LE(first, kNow + 15s);
  EXPECT_EQ(grid.NextAfter(first), first + 15s);
  EXPECT_EQ(grid.NextAfter(first - 1ns), first);
}

TEST(PollGrid, KeepsItsPlaceInTheWallClockAfterARestart) {
  const auto place = [](Duration later) {
    const PollGrid grid(15s, 987654321, kNow + later,
                        kWall + std::chrono::duration_cast<WallTime::duration>(later));
    return (grid.NextAfter(kNow + later) - kNow) % Duration(15s);
  };
  EXPECT_EQ(place(0s), place(1h + 4s));
  EXPECT_EQ(place(0s), place(123456789ms));
}

TEST(PollGrid, SpreadsAThousandConnectionsOverTheInterval) {
  std::array<int, 15> per_second{};
  for (int i = 0; i < 1000; ++i) {
    const PollGrid grid(15s, StableHash("main", std::to_string(1293384261075731461 + i)), kNow,
                        kWall);
    const Duration until = grid.NextAfter(kNow) - kNow - 1ns;
    ++per_second[static_cast<std::size_t>(until / 1s)];
  }
  // 67 a second on average; a place in ten thousand hashes would not do better.
  EXPECT_LT(*std::ranges::max_element(per_second), 110);
  EXPECT_GT(*std::ranges::min_element(per_second), 35);
}

// So that one wake-up serves several.
TEST(PollGrid, HasItsPlacesAtHalfSeconds) {
  for (const Duration interval : {Duration(1s), Duration(15s), Duration(1min)}) {
    for (int i = 0; i < 100; ++i) {
      const PollGrid grid(interval, StableHash("main", std::to_string(i)), kNow, kWall);
      const Duration since_wall_zero = grid.NextAfter(kNow) - kNow + kWall.time_since_epoch();
      EXPECT_EQ(since_wall_zero % 500ms, 0s) << i;
    }
  }
}

TEST(PollGrid, CountsTheDueTimesOfAPause) {
  const PollGrid grid(5s, 1, kNow, kWall);
  const Instant due = grid.NextAfter(kNow);
  EXPECT_EQ(grid.CountBetween(due, due), 0U);
  EXPECT_EQ(grid.CountBetween(due, due + 4s), 0U);
  EXPECT_EQ(grid.CountBetween(due, due + 5s), 1U);
  EXPECT_EQ(grid.CountBetween(due, due + 1h), 720U);
  EXPECT_EQ(grid.CountBetween(due, due - 1h), 0U);
}

using namespace std::chrono_literals;

constexpr std::uint64_t kHash = 987654321;

PollSchedule Schedule(const PollIntervals& intervals) {
  return PollSchedule(intervals, kHash, kNow, kWall, false);
}

// A complete poll at the next due time. Returns when.
Instant Poll(PollSchedule& schedule, std::uint64_t legs = 1, std::uint32_t pages = 1) {
  const Instant due = schedule.due();
  EXPECT_EQ(schedule.OnDue(due), 0U);
  schedule.OnBegun(due);
  schedule.OnComplete(legs, pages, due);
  return due;
}

TEST(PollSchedule, FollowsAShorterIntervalAfterAFirstPollThatWaited) {
  PollSchedule schedule = Schedule({.interval = 15s});
  schedule.Stretch({.factor = 40}, kNow);
  const Instant first = schedule.due();
  EXPECT_EQ(schedule.OnDue(first), 0U);
  EXPECT_EQ(schedule.due(), first + 10min);
  schedule.Stretch({}, first + 100s);
  schedule.OnBegun(first + 101s);
  EXPECT_EQ(schedule.due(), first + 105s);
}

TEST(PollSchedule, BeginsWithin15SecondsHoweverLongTheInterval) {
  for (const Duration interval : {Duration(1s), Duration(15s), Duration(2min), Duration(24h)}) {
    const PollSchedule schedule = Schedule({.interval = interval});
    EXPECT_GT(schedule.due(), kNow);
    EXPECT_LE(schedule.due(), kNow + std::min<Duration>(interval, 15s));
  }
}

TEST(PollSchedule, BeginsAtOnceWhereThatIsAsked) {
  EXPECT_EQ(PollSchedule({.interval = 1h}, kHash, kNow, kWall, true).due(), kNow);
}

TEST(PollSchedule, KeepsItsPlaceInTheGridAfterTheFirstPoll) {
  PollSchedule schedule = Schedule({.interval = 2min});
  const PollGrid grid(2min, kHash, kNow, kWall);
  const Instant first = Poll(schedule);
  EXPECT_EQ(schedule.due(), grid.NextAfter(first));
  Poll(schedule);
  EXPECT_EQ(schedule.due(), grid.NextAfter(grid.NextAfter(first)));
}

TEST(PollSchedule, CountsWhatItSleptThrough) {
  PollSchedule schedule = Schedule({.interval = 15s});
  Poll(schedule);
  EXPECT_EQ(schedule.OnDue(schedule.due() + 1h), 240U);
}

TEST(PollSchedule, WaitsTheStretchedIntervalFromBeginToBegin) {
  PollSchedule schedule = Schedule({.interval = 15s});
  Poll(schedule);
  ASSERT_TRUE(schedule.Stretch({.factor = 1.5}, kNow + 15s));
  schedule.OnBegun(kNow + 20s);
  EXPECT_EQ(schedule.due(), kNow + 42500ms);
  EXPECT_EQ(schedule.in_force().stale_after, Duration(67500ms));
  ASSERT_TRUE(schedule.Stretch({}, kNow + 21s));
  EXPECT_EQ(schedule.due(), PollGrid(15s, kHash, kNow, kWall).NextAfter(kNow + 21s));
}

TEST(PollSchedule, PutsNoPollOffWhileTheIntervalShrinks) {
  PollSchedule schedule = Schedule({.interval = 15s});
  const Instant begun = Poll(schedule);
  schedule.Stretch({.factor = 8}, begun);
  EXPECT_EQ(schedule.due(), begun + 120s);
  schedule.Stretch({.factor = 4}, begun + 50s);
  EXPECT_EQ(schedule.due(), begun + 60s);
  for (const int factor : {3, 2}) {  // by these it is overdue
    schedule.Stretch({.factor = static_cast<double>(factor)}, begun + 55s);
    EXPECT_EQ(schedule.due(), begun + 60s);
  }
  schedule.Stretch({.factor = 8}, begun + 56s);
  EXPECT_EQ(schedule.due(), begun + 120s);
}

TEST(PollSchedule, IsIdleAfterThreeCompletePollsWithoutACall) {
  PollSchedule schedule = Schedule({.interval = 15s, .idle_interval = 60s});
  Poll(schedule, 0);
  Poll(schedule, 0);
  EXPECT_FALSE(schedule.idle());
  const Instant third = Poll(schedule, 0);
  EXPECT_TRUE(schedule.idle());
  EXPECT_EQ(schedule.in_force().interval, Duration(60s));
  EXPECT_EQ(schedule.due(), PollGrid(60s, kHash, kNow, kWall).NextAfter(third));
  EXPECT_DOUBLE_EQ(schedule.Demand().requests, 1.0 / 60);
  const Instant fourth = Poll(schedule, 1);
  EXPECT_FALSE(schedule.idle());
  EXPECT_LE(schedule.due(), fourth + 15s);
}

TEST(PollSchedule, NeedsAsManyRequestsAsTheNewestPollHadPages) {
  PollSchedule schedule = Schedule({.interval = 10s});
  EXPECT_DOUBLE_EQ(schedule.Demand().requests, 0.1);
  Poll(schedule, 700, 3);
  EXPECT_DOUBLE_EQ(schedule.Demand().requests, 0.3);
  schedule.Stretch({.factor = 7}, kNow + 1min);
  EXPECT_DOUBLE_EQ(schedule.Demand().requests, 0.3);
}

TEST(PollSchedule, MustHaveAFirstPollInThreeIntervalsAfterItIsDue) {
  PollSchedule schedule = Schedule({.interval = 15s, .stale_after = 20s});
  EXPECT_EQ(schedule.expiry(), schedule.due() + 45s);
  schedule.Stretch({.factor = 4}, kNow);
  EXPECT_EQ(schedule.expiry(), schedule.due() + 180s);
  schedule.OnBegun(schedule.due());
  EXPECT_EQ(schedule.expiry(), kNever);
}

TEST(PollSchedule, MustHaveAFirstPollInFiveMinutesHoweverFarTheBudgetStretchesIntervals) {
  PollSchedule schedule = Schedule({.interval = 15s});
  schedule.Stretch({.factor = 1e9}, kNow);
  EXPECT_EQ(schedule.in_force().interval, Duration(24h));
  EXPECT_EQ(schedule.expiry(), schedule.due() + 5min);
  PollSchedule slow = Schedule({.interval = 1h});
  slow.Stretch({.factor = 1e9}, kNow);
  EXPECT_EQ(slow.expiry(), slow.due() + 3h);
}

TEST(PollSchedule, MustHaveAnotherPollBeforeItsValuesExpire) {
  PollSchedule schedule = Schedule({.interval = 15s, .stale_after = 20s});
  const Instant complete = Poll(schedule);
  EXPECT_EQ(schedule.expiry(), complete + 20s);
  schedule.OnExpired();
  EXPECT_EQ(schedule.expiry(), kNever);
}

TEST(PollSchedule, KeepsValuesWhenTheIntervalInForceGetsShorterAgain) {
  PollSchedule schedule = Schedule({.interval = 15s});
  schedule.Stretch({.factor = 4}, kNow);
  const Instant complete = Poll(schedule);
  schedule.Stretch({}, complete + 55s);
  EXPECT_EQ(schedule.in_force().interval, Duration(15s));
  EXPECT_EQ(schedule.expiry(), complete + 180s);
  const Instant next = Poll(schedule);
  EXPECT_EQ(schedule.expiry(), next + 45s);
}

TEST(PollSchedule, KeepsValuesOfALongerIntervalForTwoPollsAfterOneThatFailed) {
  PollSchedule schedule = Schedule({.interval = 10min});
  const Instant complete = Poll(schedule);
  schedule.Replan({.interval = 15s}, complete + 10s, kWall);
  EXPECT_EQ(schedule.in_force().stale_after, Duration(30min));
  schedule.OnTried(complete + 20s);
  EXPECT_EQ(schedule.in_force().stale_after, Duration(50s));
  // They are kept for three intervals anyway.
  schedule.OnTried(complete + 1s);
  EXPECT_EQ(schedule.in_force().stale_after, Duration(45s));
}

TEST(PollSchedule, BlamesNobodyForAPlanThatEndsItsValues) {
  PollSchedule schedule = Schedule({.interval = 15s});
  const Instant complete = Poll(schedule);
  schedule.Replan({.interval = 15s, .stale_after = 5s}, complete + 6s, kWall);
  EXPECT_EQ(schedule.expiry(), kNever);
}

TEST(PollSchedule, BlamesNobodyForASleepingMachine) {
  PollSchedule schedule = Schedule({.interval = 15s});
  Poll(schedule);
  schedule.OnDue(schedule.due() + 1h);
  EXPECT_EQ(schedule.expiry(), schedule.due() + 45s);
}

TEST(PollSchedule, SlowsDownWhereItIsRefusedAndTriesAgainUnderAnotherKey) {
  PollSchedule schedule = Schedule({.interval = 15s});
  Instant now = Poll(schedule);
  for (int i = 0; i < 8; ++i) {
    now = schedule.due();
    schedule.OnDue(now);
    schedule.OnBegun(now);
    schedule.OnFailed(true, now);
  }
  EXPECT_GT(schedule.due(), now + 280s);
  schedule.Retry(now + 1s);
  EXPECT_LE(schedule.due(), now + 16s);
  EXPECT_EQ(schedule.refusals(), 0U);
}

TEST(PollSchedule, FollowsAShorterIntervalNow) {
  PollSchedule schedule = Schedule({.interval = 24h});
  const Instant first = Poll(schedule);
  EXPECT_TRUE(schedule.Replan({.interval = 10s}, first + 1s, kWall));
  EXPECT_LE(schedule.due(), first + 11s);
  EXPECT_FALSE(schedule.Replan({.interval = 10s}, first + 1s, kWall));
}

TEST(PollSchedule, KeepsItsValuesByTheNewPlan) {
  PollSchedule schedule = Schedule({.interval = 15s});
  const Instant complete = Poll(schedule);
  const Instant due = schedule.due();
  EXPECT_TRUE(schedule.Replan({.interval = 15s, .stale_after = 20s}, complete, kWall));
  EXPECT_EQ(schedule.expiry(), complete + 20s);
  EXPECT_EQ(schedule.due(), due);
}

TEST(PollSchedule, IsSafeWithExtremes) {
  for (const Duration interval : {Duration(1ns), Duration(1ms), Duration(24h * 36500)}) {
    for (const double factor : {1.0, 1e9, 1e300}) {
      PollSchedule schedule = Schedule({.interval = interval});
      Poll(schedule);
      schedule.Stretch({.factor = factor}, kNow + 15s);
      EXPECT_GT(schedule.due(), kNow);
      EXPECT_GT(schedule.expiry(), kNow);
      EXPECT_GT(schedule.Demand().requests, 0);
    }
  }
}

}  // namespace
}  // namespace telnyx_exporter
