#include "pages/words.h"

#include <algorithm>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "support/read_file.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

TEST(CountWords, GroupsDigitsByThree) {
  EXPECT_EQ(CountWords(0), "0");
  EXPECT_EQ(CountWords(999), "999");
  EXPECT_EQ(CountWords(1000), "1,000");
  EXPECT_EQ(CountWords(1'234'567), "1,234,567");
  EXPECT_EQ(CountWords(1, "call", "calls"), "1 call");
  EXPECT_EQ(CountWords(0, "call", "calls"), "0 calls");
}

TEST(NumberWords, HasAtMostTwoDigitsBehindThePoint) {
  EXPECT_EQ(NumberWords(10), "10");
  EXPECT_EQ(NumberWords(2.5), "2.5");
  EXPECT_EQ(NumberWords(0.15625), "0.16");
  EXPECT_EQ(NumberWords(100), "100");
}

TEST(DurationWords, NamesTheTwoLargestUnits) {
  EXPECT_EQ(DurationWords(0s), "0 s");
  EXPECT_EQ(DurationWords(-5s), "0 s");
  EXPECT_EQ(DurationWords(59s + 999ms), "59 s");
  EXPECT_EQ(DurationWords(60s), "1 min");
  EXPECT_EQ(DurationWords(243s), "4 min 3 s");
  EXPECT_EQ(DurationWords(2h + 13min + 20s), "2 h 13 min");
  EXPECT_EQ(DurationWords(2h + 20s), "2 h");
  EXPECT_EQ(DurationWords(76h), "3 d 4 h");
}

TEST(ElapsedWords, ShowsShortTimesExactly) {
  EXPECT_EQ(ElapsedWords(400us), "under 1 ms");
  EXPECT_EQ(ElapsedWords(4ms), "4 ms");
  EXPECT_EQ(ElapsedWords(210ms), "0.21 s");
  EXPECT_EQ(ElapsedWords(5s), "5 s");
  EXPECT_EQ(ElapsedWords(12s), "12 s");
}

TEST(AgeWords, SaysHowLongAgoAndHowSoon) {
  EXPECT_EQ(AgeWords(999ms), "just now");
  EXPECT_EQ(AgeWords(4s), "4 s ago");
  EXPECT_EQ(UntilWords(-3s), "now");
  EXPECT_EQ(UntilWords(4s + 900ms), "in 4 s");
}

TEST(ClockWords, NamesTheDayOnlyWhenItIsAnother) {
  const WallTime now(1'700'000'000s);  // 2023-11-14 22:13:20
  EXPECT_EQ(ClockWords(now - 1h, now), "21:13:20 UTC");
  EXPECT_EQ(ClockWords(now - 24h, now), "2023-11-13 22:13:20 UTC");
  EXPECT_EQ(IsoTime(now), "2023-11-14T22:13:20Z");
}

TEST(Moment, TellsWallTimes) {
  const Moment moment{.now = Instant(1h), .wall = WallTime(1'700'000'000s)};
  EXPECT_EQ(moment.WallOf(Instant(1h) - 20s), WallTime(1'699'999'980s));
}

// Users who look a reason up find what the page says.
TEST(WordsOf, AreThoseOfTheReference) {
  std::istringstream file(ReadFile("../docs/metrics.md"));
  std::size_t found = 0;
  for (std::string line; std::getline(file, line);) {
    std::erase(line, '`');
    for (const FailureReason reason : kFailureReasons) {
      if (!line.starts_with("| " + std::string(ReasonLabel(reason)) + " | ")) continue;
      const ReasonWords words = WordsOf(reason);
      EXPECT_EQ(line, "| " + std::string(ReasonLabel(reason)) + " | " +
                          std::string(words.what_happened) + " | " + std::string(words.what_to_do) +
                          " |");
      ++found;
    }
  }
  EXPECT_EQ(found, kFailureReasons.size());
}

}  // namespace
}  // namespace telnyx_exporter
