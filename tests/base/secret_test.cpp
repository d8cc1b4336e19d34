#include "base/secret.h"

#include <sstream>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

TEST(Secret, PrintsAsPlaceholder) {
  std::ostringstream out;
  out << Secret("KEY123");
  EXPECT_EQ(out.str(), "<secret>");
}

TEST(Secret, PrintsNothingWhenEmpty) {
  std::ostringstream out;
  out << Secret();
  EXPECT_EQ(out.str(), "");
}

TEST(Secret, CopiesAndMovesKeepTheText) {
  Secret original("KEY123");
  const Secret copy = original;
  const Secret moved = std::move(original);
  EXPECT_EQ(copy.reveal(), "KEY123");
  EXPECT_EQ(moved.reveal(), "KEY123");
  EXPECT_TRUE(copy == moved);
  EXPECT_FALSE(copy == Secret("KEY124"));
  EXPECT_FALSE(copy == Secret("KEY12"));
}

TEST(WipeMemory, OverwritesEveryByte) {
  char text[] = "KEY123";
  WipeMemory(text, sizeof text);
  for (const char byte : text) EXPECT_EQ(byte, 0);
}

}  // namespace
}  // namespace telnyx_exporter
