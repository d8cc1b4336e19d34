#include "state/snapshots.h"

#include <algorithm>
#include <deque>
#include <random>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};

TEST(PeakWindow, ShowsTheNewestCountWhenItIsTheHighest) {
  PeakWindow peak;
  peak.Add(3, kStart, 1min);
  peak.Add(5, kStart + 15s, 1min);
  EXPECT_EQ(peak.At(kStart + 15s, 1min), 5U);
}

TEST(PeakWindow, KeepsASpikeForTheWindow) {
  PeakWindow peak;
  peak.Add(90, kStart, 1min);
  peak.Add(5, kStart + 15s, 1min);
  EXPECT_EQ(peak.At(kStart + 15s, 1min), 90U);
  EXPECT_EQ(peak.At(kStart + 1min - 1ns, 1min), 90U);
  EXPECT_EQ(peak.At(kStart + 1min, 1min), 5U);
}

TEST(PeakWindow, FallsBackOnTheNextHighest) {
  PeakWindow peak;
  peak.Add(90, kStart, 1min);
  peak.Add(50, kStart + 15s, 1min);
  peak.Add(60, kStart + 30s, 1min);
  peak.Add(10, kStart + 45s, 1min);
  EXPECT_EQ(peak.At(kStart + 1min, 1min), 60U);
  EXPECT_EQ(peak.At(kStart + 90s, 1min), 10U);
}

TEST(PeakWindow, IsNeverBelowTheNewestCountHoweverOldThatIs) {
  PeakWindow peak;
  peak.Add(7, kStart, 1min);
  EXPECT_EQ(peak.At(kStart + 1h, 1min), 7U);
}

// As many polls as fit, in both directions: exact up to 64 of them.
TEST(PeakWindow, AgreesWithThePlainestMaximum) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    PeakWindow peak;
    std::deque<std::pair<Instant, std::uint64_t>> counts;
    const Duration window = 64s;
    const std::uint64_t highest = 1 + random() % 100;
    Instant now = kStart;
    for (int poll = 0; poll < 300; ++poll) {
      now += 1s + Duration(random() % 3'000'000'000);
      const std::uint64_t count = random() % highest;
      counts.emplace_back(now, count);
      peak.Add(count, now, window);
      const Instant later = now + Duration(random() % 1'000'000'000);
      while (counts.front().first + window <= later) counts.pop_front();
      const auto expected = std::ranges::max(counts, {}, [](const auto& c) { return c.second; });
      ASSERT_EQ(peak.At(later, window), expected.second) << round << " " << poll;
    }
  }
}

TEST(PeakWindow, ComesCloseToThePeakOfALongWindowAndNeverShowsOneThatIsTooOld) {
  PeakWindow peak;
  const Duration window = 24h;
  // Ever fewer calls: each count can be the highest one day.
  Instant now = kStart;
  for (std::uint64_t count = 1'000'000; count > 800'000; --count) {
    peak.Add(count, now += 1s, window);
    const Duration age = std::min<Duration>(now - kStart, window);
    const std::uint64_t oldest = count + static_cast<std::uint64_t>(age / 1s) - 1;
    const std::uint64_t shown = peak.At(now, window);
    ASSERT_LE(shown, oldest);
    ASSERT_GE(shown + static_cast<std::uint64_t>(window / 1s) / 64, oldest);
  }
}

using namespace std::chrono_literals;

constexpr Instant kMidnight{24h};
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

  Instant now_ = kMidnight;
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
