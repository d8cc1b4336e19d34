#include <gtest/gtest.h>

#include "web/access_rules.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr Instant kFilled{100s};

TEST(TokenBucket, IsFullAtFirst) {
  TokenBucket bucket({.interval = 1s, .burst = 3}, kFilled);
  EXPECT_TRUE(bucket.TakeToken(kFilled));
  EXPECT_TRUE(bucket.TakeToken(kFilled));
  EXPECT_TRUE(bucket.TakeToken(kFilled));
  EXPECT_FALSE(bucket.TakeToken(kFilled));
}

TEST(TokenBucket, GetsATokenEachInterval) {
  TokenBucket bucket({.interval = 2s, .burst = 1}, kFilled);
  EXPECT_TRUE(bucket.TakeToken(kFilled));
  EXPECT_FALSE(bucket.TakeToken(kFilled + 1900ms));
  EXPECT_TRUE(bucket.TakeToken(kFilled + 2s));
  EXPECT_FALSE(bucket.TakeToken(kFilled + 3s));
}

TEST(TokenBucket, HoldsNoMoreThanItsBurst) {
  TokenBucket bucket({.interval = 1s, .burst = 2}, kFilled);
  EXPECT_TRUE(bucket.TakeToken(kFilled + 1h));
  EXPECT_TRUE(bucket.TakeToken(kFilled + 1h));
  EXPECT_FALSE(bucket.TakeToken(kFilled + 1h));
}

}  // namespace
}  // namespace telnyx_exporter
