#include "web/token_bucket.h"

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{100s};

TEST(TokenBucket, IsFullAtFirst) {
  TokenBucket bucket({.interval = 1s, .burst = 3}, kStart);
  EXPECT_TRUE(bucket.Take(kStart));
  EXPECT_TRUE(bucket.Take(kStart));
  EXPECT_TRUE(bucket.Take(kStart));
  EXPECT_FALSE(bucket.Take(kStart));
}

TEST(TokenBucket, GetsATokenEachInterval) {
  TokenBucket bucket({.interval = 2s, .burst = 1}, kStart);
  EXPECT_TRUE(bucket.Take(kStart));
  EXPECT_FALSE(bucket.Take(kStart + 1900ms));
  EXPECT_TRUE(bucket.Take(kStart + 2s));
  EXPECT_FALSE(bucket.Take(kStart + 3s));
}

TEST(TokenBucket, HoldsNoMoreThanItsBurst) {
  TokenBucket bucket({.interval = 1s, .burst = 2}, kStart);
  EXPECT_TRUE(bucket.Take(kStart + 1h));
  EXPECT_TRUE(bucket.Take(kStart + 1h));
  EXPECT_FALSE(bucket.Take(kStart + 1h));
}

}  // namespace
}  // namespace telnyx_exporter
