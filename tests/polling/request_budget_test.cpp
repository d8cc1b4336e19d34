#include "polling/request_budget.h"

#include <limits>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

// What polls send under the stretched intervals.
double Sent(const RequestDemand& demand, const IntervalStretch& stretch) {
  return demand.busy / stretch.busy + demand.idle / stretch.idle + demand.lists;
}

TEST(StretchFor, LeavesIntervalsAloneWhereTheBudgetIsLargeEnough) {
  EXPECT_EQ(StretchFor({.busy = 3, .idle = 3, .lists = 4}, 10), IntervalStretch{});
  EXPECT_EQ(StretchFor({}, 10), IntervalStretch{});
}

TEST(StretchFor, StretchesAllAlikeAsMuchAsTheBudgetIsShort) {
  EXPECT_DOUBLE_EQ(StretchFor({.busy = 20}, 5).busy, 4);
  EXPECT_DOUBLE_EQ(StretchFor({.idle = 20}, 5).idle, 4);
  EXPECT_DOUBLE_EQ(StretchFor({.idle = 200}, 5).idle, 40);
}

TEST(StretchFor, LetsIdleConnectionsWaitFirst) {
  const IntervalStretch stretch = StretchFor({.busy = 4, .idle = 8}, 8);
  EXPECT_DOUBLE_EQ(stretch.busy, 1);
  EXPECT_DOUBLE_EQ(stretch.idle, 2);
}

TEST(StretchFor, LetsIdleConnectionsWaitNoMoreThanFourTimesAsLong) {
  const RequestDemand demand{.busy = 10, .idle = 8};
  const IntervalStretch stretch = StretchFor(demand, 6);
  EXPECT_DOUBLE_EQ(stretch.busy, 2);
  EXPECT_DOUBLE_EQ(stretch.idle, 8);
}

TEST(StretchFor, UsesUpWhatIsAllowedAndNoMore) {
  for (const double allowed : {1.0, 2.0, 5.0, 9.0, 13.0}) {
    for (const double busy : {0.0, 1.0, 6.0, 20.0}) {
      for (const double idle : {0.0, 1.0, 6.0, 20.0}) {
        const RequestDemand demand{.busy = busy, .idle = idle, .lists = 0.2};
        const double sent = Sent(demand, StretchFor(demand, allowed));
        EXPECT_NEAR(sent, std::min(allowed, demand.total()), 1e-9);
      }
    }
  }
}

TEST(StretchFor, LeavesPollsHalfOfTheBudgetWhateverTheListsNeed) {
  EXPECT_DOUBLE_EQ(StretchFor({.busy = 4, .lists = 100}, 2).busy, 4);
}

TEST(StretchFor, IsSafeWithExtremes) {
  const double huge = std::numeric_limits<double>::max();
  for (const double allowed : {1e-10, 1e-300, 1.0, 1e300}) {
    for (const double busy : {0.0, 1e-300, 1.0, 1e300, huge}) {
      const IntervalStretch stretch = StretchFor({.busy = busy, .idle = busy}, allowed);
      for (const double factor : {stretch.busy, stretch.idle}) {
        EXPECT_GE(factor, 1);
        const Duration interval = Stretched(15s, factor);
        EXPECT_GE(interval, Duration(15s));
        EXPECT_LE(interval, kLongestStretchedInterval);
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
  EXPECT_EQ(InForce(intervals, true, {}), (IntervalInForce{.interval = 60s, .stale_after = 180s}));
  EXPECT_EQ(InForce({.interval = 15s, .idle_interval = 5s}, true, {}).interval, Duration(15s));
}

TEST(InForce, KeepsValuesAsLongAsGivenOrForThreeIntervalsInForce) {
  const IntervalStretch twice{.busy = 2, .idle = 8};
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
  EXPECT_TRUE(DiffersMaterially(IntervalStretch{.busy = 1.0001, .idle = 1}, IntervalStretch{}));
}

}  // namespace
}  // namespace telnyx_exporter
