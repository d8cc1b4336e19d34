#include "base/name_pattern.h"

#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

TEST(NamePattern, MatchesAWholeNameOnly) {
  const NamePattern pattern = NamePattern::Compile("prod-.*").value();
  EXPECT_TRUE(pattern.Matches("prod-1"));
  EXPECT_TRUE(pattern.Matches("prod-"));
  EXPECT_FALSE(pattern.Matches("not-prod-1"));
  EXPECT_FALSE(NamePattern::Compile("prod").value().Matches("prod-1"));
  EXPECT_TRUE(NamePattern::Compile("a|b").value().Matches("b"));
}

TEST(NamePattern, MatchesEverythingByDefault) {
  EXPECT_TRUE(NamePattern().Matches("anything"));
  EXPECT_TRUE(NamePattern().Matches(""));
}

TEST(NamePattern, SaysWhatIsWrongWithAnExpression) {
  EXPECT_EQ(NamePattern::Compile("prod-(").error().message, "missing ): prod-(");
  EXPECT_FALSE(NamePattern::Compile("(a)\\1").has_value());
}

TEST(NamePattern, IsEqualWhenItsExpressionIs) {
  EXPECT_EQ(NamePattern::Compile("a").value(), NamePattern::Compile("a").value());
  EXPECT_NE(NamePattern::Compile("a").value(), NamePattern::Compile("b").value());
  EXPECT_NE(NamePattern::Compile("a").value(), NamePattern());
  EXPECT_EQ(NamePattern(), NamePattern());
}

// An expression that takes other engines exponential time.
TEST(NamePattern, IsNotHeldUpByAnyExpression) {
  const NamePattern pattern = NamePattern::Compile("(a*)*b").value();
  EXPECT_FALSE(pattern.Matches(std::string(10'000, 'a')));
}

}  // namespace
}  // namespace telnyx_exporter
