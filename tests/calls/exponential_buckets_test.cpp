#include "calls/exponential_buckets.h"

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

}  // namespace
}  // namespace telnyx_exporter
