#include "web/token_bucket.h"

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr Instant kFilled{100s};

TEST(TokenBucket, IsFullAtFirst) {
  TokenBucket bucket({.interval = 1s, .burst = 3}, kFilled);
  EXPECT_TRUE(bucket.Take(kFilled));
  EXPECT_TRUE(bucket.Take(kFilled));
  EXPECT_TRUE(bucket.Take(kFilled));
  EXPECT_FALSE(bucket.Take(kFilled));
}

TEST(TokenBucket, GetsATokenEachInterval) {
  TokenBucket bucket({.interval = 2s, .burst = 1}, kFilled);
  EXPECT_TRUE(bucket.Take(kFilled));
  EXPECT_FALSE(bucket.Take(kFilled + 1900ms));
  EXPECT_TRUE(bucket.Take(kFilled + 2s));
  EXPECT_FALSE(bucket.Take(kFilled + 3s));
}

TEST(TokenBucket, HoldsNoMoreThanItsBurst) {
  TokenBucket bucket({.interval = 1s, .burst = 2}, kFilled);
  EXPECT_TRUE(bucket.Take(kFilled + 1h));
  EXPECT_TRUE(bucket.Take(kFilled + 1h));
  EXPECT_FALSE(bucket.Take(kFilled + 1h));
}

}  // namespace
}  // namespace telnyx_exporter
