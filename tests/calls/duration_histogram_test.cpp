#include "calls/duration_histogram.h"

#include <chrono>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

const auto kHistogramBounds =
    std::make_shared<const std::vector<double>>(std::vector<double>{5, 60});
const CallId kLeg = ParseCallId("428c31b6-7af4-4bcb-b68e-5013ef9657c1");
const CallId kOther = ParseCallId("428c31b6-7af4-4bcb-b68e-5013ef9657c2");
const CallId kHashed = ParseCallId("leg-1");

TEST(DurationHistogram, PutsADurationEqualToABoundBelowIt) {
  DurationHistogram histogram(kHistogramBounds);
  for (const double seconds : {0.5, 5.0, 5.5, 60.0, 60.5, 1e6}) histogram.Add(kLeg, seconds);
  EXPECT_EQ(histogram.count(), 6U);
  EXPECT_EQ(histogram.total_seconds(), 1000131.5);
  ASSERT_EQ(histogram.buckets().size(), 3U);
  for (const auto& bucket : histogram.buckets()) EXPECT_EQ(bucket.count, 2U);
  EXPECT_EQ(histogram.exponential_buckets().buckets().size(), 5U);
}

TEST(DurationHistogram, KeepsTheNewestCallOfABucketAsItsExample) {
  DurationHistogram histogram(kHistogramBounds);
  histogram.Add(kLeg, 10);
  histogram.Add(kOther, 20);
  EXPECT_FALSE(histogram.buckets()[0].example.has_value());
  EXPECT_EQ(histogram.buckets()[1].example,
            (DurationHistogram::Example{.leg = kOther, .seconds = 20}));
}

TEST(DurationHistogram, ShowsNoIdThatWasHashed) {
  DurationHistogram histogram(kHistogramBounds);
  histogram.Add(kLeg, 10);
  histogram.Add(kHashed, 20);
  EXPECT_EQ(histogram.buckets()[1].count, 2U);
  EXPECT_EQ(histogram.buckets()[1].example,
            (DurationHistogram::Example{.leg = kLeg, .seconds = 10}));
}

TEST(DurationHistogram, AddsWhatWasCountedLater) {
  DurationHistogram histogram(kHistogramBounds);
  histogram.Add(kLeg, 1);
  histogram.Add(kLeg, 10);
  DurationHistogram later(kHistogramBounds);
  later.Add(kOther, 20);
  later.Add(kOther, 100);
  const WallTime now(1'700'000'000s);
  histogram.Add(later, now);
  EXPECT_EQ(histogram.count(), 4U);
  EXPECT_EQ(histogram.total_seconds(), 131);
  EXPECT_EQ(histogram.buckets()[0].count, 1U);
  EXPECT_EQ(histogram.buckets()[1].count, 2U);
  EXPECT_EQ(histogram.buckets()[2].count, 1U);
  EXPECT_EQ(histogram.buckets()[0].example->leg, kLeg);
  EXPECT_EQ(histogram.buckets()[1].example,
            (DurationHistogram::Example{.leg = kOther, .seconds = 20, .noted = now}));
  EXPECT_EQ(histogram.exponential_buckets().buckets().size(), 4U);
}

}  // namespace
}  // namespace telnyx_exporter
