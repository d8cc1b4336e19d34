#pragma once

// Compares what is written with a file of the repository that somebody has read. After a wanted
// change, `UPDATE_GOLDEN=1 ctest --preset dev -R Golden` writes the files anew; git shows what
// became different.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {

/// `path` as seen from tests/, where the tests run.
inline void ExpectGolden(const std::string& path, const std::string& text) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.is_open()) << path;
  const std::string golden{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, golden) << path;
}

}  // namespace telnyx_exporter
