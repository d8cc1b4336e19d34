#include "calls/duration_buckets.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

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

}  // namespace
}  // namespace telnyx_exporter
