#pragma once

// Compares what is written with a file of the repository that somebody has read. After a wanted
// change, `UPDATE_GOLDEN=1 ctest --preset dev -R Golden` rewrites the files; git shows what
// became different.

#include <cstdlib>
#include <fstream>
#include <string>

#include "support/read_file.h"

namespace telnyx_exporter {

/// What the file `path`, as seen from tests/, says that `text` has to be. A file that cannot be
/// read fails the test.
inline std::string Golden(const std::string& path, const std::string& text) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  return ReadFile(path);
}

}  // namespace telnyx_exporter
