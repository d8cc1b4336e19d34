#pragma once

// Configuration files that are wrong and say themselves what the messages about them are.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "config/config.h"
#include "support/read_file.h"

namespace telnyx_exporter {

/// The lines "#! …" of a file say what is expected: "LINE:COLUMN: PATH: text".
inline std::vector<std::string> ExpectedLines(const std::string& file, const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; (at = text.find("#! ", at)) != std::string::npos;) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at + 3, end - at - 3);
    const bool has_place = line[0] >= '0' && line[0] <= '9';
    lines.push_back(file + (has_place ? ":" : ": ") + line);
    at = end;
  }
  return lines;
}

/// The files invalid-*.yml of a directory.
inline std::vector<std::filesystem::path> InvalidFiles(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename().string().starts_with("invalid-")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

inline std::string TestName(const std::filesystem::path& file) {
  std::string name = file.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
}

}  // namespace telnyx_exporter
