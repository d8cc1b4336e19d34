#include "simulator/sim_time.h"

#include <string>

#include <gtest/gtest.h>

#include "support/manual_clock.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr double kHour = 3600;

TEST(TimeOfDay, BeginsAnewEveryMidnight) {
  EXPECT_EQ(TimeOfDay(0), 0);
  EXPECT_EQ(TimeOfDay(3 * kSecondsPerDay + 7), 7);
  EXPECT_EQ(TimeOfDay(-kHour), 23 * kHour);
}

TEST(TimeOfDay, ReadsWhatItWrites) {
  for (const char* text : {"00:00", "09:30", "23:59", "12:00:01", "23:59:59"}) {
    const auto time = ParseTimeOfDay(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(FormatTimeOfDay(*time), text);
  }
  EXPECT_EQ(ParseTimeOfDay("09:30:15"), 9 * kHour + 30 * 60 + 15);
}

TEST(TimeOfDay, RefusesEverythingElse) {
  for (const char* text : {"", "9:30", "24:00", "12:60", "12:00:60", "12:00:", "12-00", "ab:cd",
                           "12:0x", "+1:00", "12:00:00:00", "1200"}) {
    EXPECT_FALSE(ParseTimeOfDay(text)) << text;
  }
}

TEST(DayWindow, HoldsItsBeginningAndNotItsEnd) {
  const DayWindow noon{.from = 12 * kHour, .until = 13 * kHour};
  EXPECT_FALSE(noon.Contains(12 * kHour - 1));
  EXPECT_TRUE(noon.Contains(12 * kHour));
  EXPECT_TRUE(noon.Contains(5 * kSecondsPerDay + 13 * kHour - 1));
  EXPECT_FALSE(noon.Contains(13 * kHour));
}

TEST(DayWindow, MayReachOverMidnight) {
  const DayWindow night{.from = 22 * kHour, .until = 5 * kHour};
  EXPECT_TRUE(night.Contains(23 * kHour));
  EXPECT_TRUE(night.Contains(kSecondsPerDay + kHour));
  EXPECT_FALSE(night.Contains(12 * kHour));
}

TEST(DayWindow, KnowsWhenItBeginsNext) {
  const DayWindow noon{.from = 12 * kHour, .until = 13 * kHour};
  EXPECT_EQ(noon.NextStart(kHour), 12 * kHour);
  EXPECT_EQ(noon.NextStart(12 * kHour), kSecondsPerDay + 12 * kHour);
  EXPECT_EQ(noon.NextStart(kSecondsPerDay + 14 * kHour), 2 * kSecondsPerDay + 12 * kHour);
}

TEST(SimClock, BeginsAtItsTimeAndRunsAtItsSpeed) {
  ManualClock clock;
  SimClock sim_clock(clock, 60, 12 * kHour);
  EXPECT_EQ(sim_clock.Now(), 12 * kHour);
  clock.Advance(std::chrono::seconds(2));
  EXPECT_EQ(sim_clock.Now(), 12 * kHour + 120);
}

TEST(SimClock, MayBeFrozenFromItsBeginning) {
  ManualClock clock;
  const SimClock sim_clock(clock, 60, 12 * kHour, true);
  clock.Advance(std::chrono::seconds(2));
  EXPECT_EQ(sim_clock.Now(), 12 * kHour);
}

}  // namespace
}  // namespace telnyx_exporter::simulator
