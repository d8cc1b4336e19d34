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

/// What the file `path`, as seen from tests/, says that `text` has to be. A file that cannot be
/// read fails the test.
inline std::string Golden(const std::string& path, const std::string& text) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace telnyx_exporter
