#include "calls/duration_histogram.h"

#include <chrono>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Bucket = ExponentialBuckets::Bucket;

TEST(ExponentialBuckets, PutsPowersOfTwoAtTheUpperBoundOfEveryEighthBucket) {
  for (int power = -20; power <= 30; ++power) {
    const double value = std::ldexp(1, power);
    EXPECT_EQ(ExponentialBuckets::IndexOf(value), 8 * power) << value;
    const double above = std::nextafter(value, std::numeric_limits<double>::infinity());
    EXPECT_EQ(ExponentialBuckets::IndexOf(above), 8 * power + 1) << value;
  }
}

TEST(ExponentialBuckets, HoldsWhatIsAboveTheBoundBeforeAndUpToItsOwn) {
  for (double value = 0.01; value < 1e8; value *= 1.003) {
    const std::int32_t index = ExponentialBuckets::IndexOf(value);
    ASSERT_LE(value, std::exp2(index / 8.0) * (1 + 1e-12));
    ASSERT_GT(value, std::exp2((index - 1) / 8.0) * (1 - 1e-12));
  }
}

TEST(ExponentialBuckets, CountsInAscendingBuckets) {
  ExponentialBuckets buckets;
  EXPECT_THAT(buckets.buckets(), IsEmpty());
  for (const double value : {4.0, 1.0, 4.0, 0.5, 3.9, 0.0}) buckets.Add(value);
  EXPECT_THAT(buckets.buckets(), ElementsAre(Bucket{-8, 1}, Bucket{0, 1}, Bucket{16, 3}));
  EXPECT_EQ(buckets.zero_count(), 1U);
}

TEST(ExponentialBuckets, AddsOthers) {
  ExponentialBuckets one;
  one.Add(1);
  one.Add(4);
  ExponentialBuckets other;
  other.Add(0);
  other.Add(2);
  other.Add(4);
  one.Add(other);
  EXPECT_THAT(one.buckets(), ElementsAre(Bucket{0, 1}, Bucket{8, 1}, Bucket{16, 2}));
  EXPECT_EQ(one.zero_count(), 1U);
}

// What is above the bound before and up to the bucket's own. Powers of two are exact, and no other
// whole number is near enough to a bound for the rounding to matter.
void ExpectInItsBucket(std::uint32_t seconds) {
  const auto index = static_cast<double>(DurationBucketOf(seconds));
  ASSERT_LT(std::exp2((index - 1) / 8), seconds) << seconds;
  ASSERT_GE(std::exp2(index / 8), seconds) << seconds;
  ASSERT_EQ(index, ExponentialBuckets::IndexOf(seconds)) << seconds;
}

TEST(DurationBucketOf, PutsPowersOfTwoAtTheEndOfABucket) {
  for (unsigned power = 0; power < 32; ++power) {
    EXPECT_EQ(DurationBucketOf(std::uint32_t{1} << power), power * 8);
  }
}

TEST(DurationBucketOf, FindsTheBucketOfEveryDurationOfADay) {
  for (std::uint32_t seconds = 1; seconds <= 86'400; ++seconds) ExpectInItsBucket(seconds);
}

TEST(DurationBucketOf, FindsTheBucketAtEveryBound) {
  for (int index = 0; index < static_cast<int>(kDurationBuckets) - 1; ++index) {
    const auto bound = static_cast<std::uint32_t>(std::exp2(index / 8.0));
    ExpectInItsBucket(bound);
    ExpectInItsBucket(bound + 1);
  }
}

TEST(DurationBucketOf, HasABucketForTheLongestDuration) {
  const std::uint32_t longest = std::numeric_limits<std::uint32_t>::max();
  EXPECT_EQ(DurationBucketOf(longest), kDurationBuckets - 1);
  ExpectInItsBucket(longest);
}

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
