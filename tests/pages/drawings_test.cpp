#include "pages/drawings.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Drawn(const CallHistory::Points& points) {
  Html html;
  DrawHistory(points, html);
  return html.Take();
}

std::string Drawn(const std::vector<std::uint64_t>& counts, const std::vector<double>& bounds) {
  Html html;
  DrawDurations({.counts = counts, .bounds = bounds}, html);
  return html.Take();
}

TEST(DrawHistory, DrawsNoLineWhereNothingWasKnown) {
  const std::string svg = Drawn({});
  EXPECT_THAT(svg, HasSubstr("<path class=\"gap\" d=\"M0 30H120\"/>"));
  EXPECT_THAT(svg, HasSubstr("<path class=\"line\" d=\"\"/>"));
  EXPECT_THAT(svg, Not(HasSubstr("<circle")));
  EXPECT_THAT(svg, HasSubstr("<title>Active calls over the last hour: not known.</title>"));
}

TEST(DrawHistory, TellsZeroFromNotKnown) {
  CallHistory::Points points;
  points[58] = 0;
  points[59] = 0;
  const std::string svg = Drawn(points);
  EXPECT_THAT(svg, HasSubstr("<path class=\"gap\" d=\"M0 30H116\"/>"));
  EXPECT_THAT(svg, HasSubstr("<path class=\"line\" d=\"M117 30L119 30\"/>"));
  EXPECT_THAT(svg, HasSubstr("<circle class=\"now\" r=\"2\" cx=\"119\" cy=\"30\"/>"));
  EXPECT_THAT(svg, HasSubstr("last hour: 0, known for 2 of 60 minutes."));
}

TEST(DrawHistory, BreaksTheLineAtAGapAndKeepsALonelyMinute) {
  CallHistory::Points points;
  points.fill(10);
  points[20] = 20;
  points[19].reset();
  points[21].reset();
  const std::string svg = Drawn(points);
  EXPECT_THAT(svg, HasSubstr("L37 17M41 4h0M45 17L"));
  EXPECT_THAT(svg, HasSubstr("class=\"gap\" d=\"M38 30H40M42 30H44\""));
  EXPECT_THAT(svg, HasSubstr("last hour: 10 to 20, known for 58 of 60 minutes."));
}

TEST(DrawHistory, SaysAWholeHourInOneNumber) {
  CallHistory::Points points;
  points.fill(1234);
  EXPECT_EQ(HistoryWords(points), "Active calls over the last hour: 1,234.");
}

TEST(DrawDurations, DrawsABarForEachBucketThatHasCalls) {
  const std::string svg = Drawn({10, 0, 5}, {60, 600});
  EXPECT_THAT(svg, HasSubstr("d=\"M16 30V3M80 30V16.5\""));
  EXPECT_THAT(svg,
              HasSubstr("<title>Durations of 15 calls: 10 up to 1 min, 5 over 10 min.</title>"));
}

TEST(DrawDurations, ShowsOneCallBesideThousands) {
  EXPECT_THAT(Drawn({10'000, 1}, {60}), HasSubstr("V28.5"));
}

TEST(DrawDurations, NamesBothEndsOfABucketBetween) {
  EXPECT_THAT(Drawn({0, 2, 0}, {5, 90}), HasSubstr("2 of 5 s to 1 min 30 s."));
}

TEST(DrawDurations, BearsNoCallsAndNoBounds) {
  EXPECT_THAT(Drawn({0, 0}, {60}), HasSubstr("<title>No calls.</title>"));
  EXPECT_THAT(Drawn({3, 4}, {}), HasSubstr("<title>Durations of 7 calls.</title>"));
  EXPECT_THAT(Drawn({}, {}), HasSubstr("<title>No calls.</title>"));
}

}  // namespace
}  // namespace telnyx_exporter
