#include "app/health_check.h"

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

TEST(LocalAddressTest, EveryAddressIsReachedThroughTheMachinesOwn) {
  EXPECT_EQ(LocalAddress(":10035"), "127.0.0.1:10035");
  EXPECT_EQ(LocalAddress("0.0.0.0:80"), "127.0.0.1:80");
  EXPECT_EQ(LocalAddress("[::]:80"), "[::1]:80");
}

TEST(LocalAddressTest, OneAddressIsItself) {
  EXPECT_EQ(LocalAddress("192.0.2.1:80"), "192.0.2.1:80");
  EXPECT_EQ(LocalAddress("[2001:db8::1]:80"), "[2001:db8::1]:80");
  EXPECT_EQ(LocalAddress("localhost:80"), "localhost:80");
}

}  // namespace
}  // namespace telnyx_exporter
