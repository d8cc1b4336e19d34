#pragma once

// The one way in which tests read a file of the repository or of a temporary directory.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {

/// The bytes of a file. A file that cannot be read fails the test.
inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace telnyx_exporter
