#include "base/gzip.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "support/gunzip.h"

namespace telnyx_exporter {
namespace {

TEST(Gzip, ComesBackAsItWas) {
  std::mt19937 random(1);
  std::string noise(1'000'000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(1'000'000, 'a'), noise}) {
    EXPECT_EQ(Gunzip(Gzip(text)), text);
  }
}

TEST(Gzip, MakesTextSmaller) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "telnyx_active_calls{account=\"main\"} " + std::to_string(i) + "\n";
  EXPECT_LT(Gzip(text).size(), text.size() / 5);
}

}  // namespace
}  // namespace telnyx_exporter
