#include "exposition/content_negotiation.h"

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

TEST(AcceptsGzip, WhenItIsNamed) {
  EXPECT_TRUE(AcceptsGzip("gzip"));
  EXPECT_TRUE(AcceptsGzip("x-gzip"));
  EXPECT_TRUE(AcceptsGzip("deflate, GZip;q=0.5, br"));
  EXPECT_TRUE(AcceptsGzip("*"));
  EXPECT_TRUE(AcceptsGzip("identity;q=0.5, *;q=0.8"));
}

TEST(AcceptsGzip, NotWhenItIsNot) {
  EXPECT_FALSE(AcceptsGzip(""));
  EXPECT_FALSE(AcceptsGzip("identity"));
  EXPECT_FALSE(AcceptsGzip("br, deflate"));
  EXPECT_FALSE(AcceptsGzip("gzipped"));
}

TEST(AcceptsGzip, HonoursWeights) {
  EXPECT_FALSE(AcceptsGzip("gzip;q=0"));
  EXPECT_FALSE(AcceptsGzip("gzip; q=0.000, *"));
  EXPECT_FALSE(AcceptsGzip("*;q=0"));
  EXPECT_FALSE(AcceptsGzip("identity, gzip;q=0.5"));
  EXPECT_TRUE(AcceptsGzip("identity;q=0.5, gzip;q=0.5"));
  EXPECT_TRUE(AcceptsGzip("gzip ; Q=1.0"));
}

TEST(AcceptsGzip, TakesAnUnreadableWeightForNone) {
  for (const char* text :
       {"gzip;q=", "gzip;q=x", "gzip;q=2", "gzip;q=-1", "gzip;q=1e0", "gzip;q=nan"}) {
    EXPECT_FALSE(AcceptsGzip(text)) << text;
  }
}

TEST(AcceptsGzip, BearsAnything) {
  for (const char* text : {",", ";", "=", ";q=1", "gzip;;;q", ",,,;;;===", "\xff\xfe"}) {
    AcceptsGzip(text);
  }
  EXPECT_TRUE(AcceptsGzip("gzip;;"));
}

}  // namespace
}  // namespace telnyx_exporter
