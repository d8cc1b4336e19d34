#include "calls/peak_window.h"

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
  EXPECT_EQ(peak.At(kStart + 15s, 1min).count, 5U);
  EXPECT_EQ(peak.At(kStart + 15s, 1min).until, std::nullopt);
}

TEST(PeakWindow, KeepsASpikeForTheWindow) {
  PeakWindow peak;
  peak.Add(90, kStart, 1min);
  peak.Add(5, kStart + 15s, 1min);
  EXPECT_EQ(peak.At(kStart + 15s, 1min).count, 90U);
  EXPECT_EQ(peak.At(kStart + 15s, 1min).until, kStart + 1min);
  EXPECT_EQ(peak.At(kStart + 1min - 1ns, 1min).count, 90U);
  EXPECT_EQ(peak.At(kStart + 1min, 1min).count, 5U);
}

TEST(PeakWindow, FallsBackOnTheNextHighest) {
  PeakWindow peak;
  peak.Add(90, kStart, 1min);
  peak.Add(50, kStart + 15s, 1min);
  peak.Add(60, kStart + 30s, 1min);
  peak.Add(10, kStart + 45s, 1min);
  EXPECT_EQ(peak.At(kStart + 1min, 1min).count, 60U);
  EXPECT_EQ(peak.At(kStart + 1min, 1min).until, kStart + 90s);
  EXPECT_EQ(peak.At(kStart + 90s, 1min).count, 10U);
}

TEST(PeakWindow, IsNeverBelowTheNewestCountHoweverOldThatIs) {
  PeakWindow peak;
  peak.Add(7, kStart, 1min);
  EXPECT_EQ(peak.At(kStart + 1h, 1min).count, 7U);
  EXPECT_EQ(peak.At(kStart + 1h, 1min).until, std::nullopt);
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
      ASSERT_EQ(peak.At(later, window).count, expected.second) << round << " " << poll;
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
    const std::uint64_t shown = peak.At(now, window).count;
    ASSERT_LE(shown, oldest);
    ASSERT_GE(shown + static_cast<std::uint64_t>(window / 1s) / 64, oldest);
  }
}

}  // namespace
}  // namespace telnyx_exporter
