#include "state/call_history.h"

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{24h};
constexpr Duration kStaleAfter = 45s;

class CallHistoryTest : public ::testing::Test {
 protected:
  void Poll(std::uint64_t calls, Duration stale_after = kStaleAfter) {
    history_.Note(calls, now_, now_ + stale_after);
  }

  // Of the minute so many minutes ago.
  std::optional<std::uint32_t> MinutesAgo(std::size_t minutes) const {
    return history_.At(now_)[CallHistory::kMinutes - 1 - minutes];
  }

  Instant now_ = kStart;
  CallHistory history_;
};

TEST_F(CallHistoryTest, KnowsNothingAtFirst) {
  for (const auto& point : history_.At(now_)) EXPECT_EQ(point, std::nullopt);
}

TEST_F(CallHistoryTest, KeepsTheHighestNumberOfAMinute) {
  Poll(5);
  now_ += 15s;
  Poll(9);
  now_ += 15s;
  Poll(7);
  EXPECT_EQ(MinutesAgo(0), 9U);
  now_ += 1min;
  Poll(3);
  EXPECT_EQ(MinutesAgo(0), 3U);
  EXPECT_EQ(MinutesAgo(1), 9U);
  EXPECT_EQ(MinutesAgo(2), std::nullopt);
}

TEST_F(CallHistoryTest, KnowsZeroFromNothing) {
  Poll(0);
  EXPECT_EQ(MinutesAgo(0), 0U);
  EXPECT_EQ(MinutesAgo(1), std::nullopt);
}

TEST_F(CallHistoryTest, HasAGapWhereValuesWereStale) {
  Poll(5);
  now_ += 4min;
  Poll(6);
  EXPECT_EQ(MinutesAgo(4), 5U);
  EXPECT_EQ(MinutesAgo(3), std::nullopt);
  EXPECT_EQ(MinutesAgo(1), std::nullopt);
  EXPECT_EQ(MinutesAgo(0), 6U);
}

TEST_F(CallHistoryTest, CarriesANumberOnForAsLongAsItIsKnown) {
  Poll(5, 150s);
  now_ += 2min;
  EXPECT_EQ(MinutesAgo(0), 5U);
  EXPECT_EQ(MinutesAgo(1), 5U);
  now_ += 1min;
  EXPECT_EQ(MinutesAgo(0), std::nullopt);
  EXPECT_EQ(MinutesAgo(1), 5U);
  // A number of the minute itself goes before one carried into it.
  Poll(3, 150s);
  now_ += 1min;
  Poll(1, 150s);
  EXPECT_EQ(MinutesAgo(0), 1U);
}

TEST_F(CallHistoryTest, ReachesBackOneHour) {
  Poll(5);
  now_ += 59min;
  EXPECT_EQ(MinutesAgo(59), 5U);
  now_ += 1min;
  EXPECT_EQ(MinutesAgo(59), std::nullopt);
  now_ += 48h;
  for (const auto& point : history_.At(now_)) EXPECT_EQ(point, std::nullopt);
  Poll(8);
  EXPECT_EQ(MinutesAgo(0), 8U);
  EXPECT_EQ(MinutesAgo(1), std::nullopt);
}

TEST_F(CallHistoryTest, BeginsWithTheClock) {
  now_ = Instant(0s);
  Poll(4);
  EXPECT_EQ(MinutesAgo(0), 4U);
  EXPECT_EQ(MinutesAgo(1), std::nullopt);
}

TEST_F(CallHistoryTest, BoundsWhatItCannotHold) {
  Poll(1ULL << 40U);
  EXPECT_EQ(MinutesAgo(0), 0xffff'fffeU);
}

TEST(CallHistory, TakesAFewHundredBytes) { EXPECT_LE(sizeof(CallHistory), 300U); }

}  // namespace
}  // namespace telnyx_exporter
