#pragma once

// What must hold of the messages about any configuration file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/config.h"
#include "fuzz/input.h"

namespace telnyx_exporter {

inline constexpr std::size_t kMaxFuzzedBytes = std::size_t{64} * 1024;
/// Put into a secret's text, it must not come back in a message.
inline constexpr std::string_view kMarker = "Zq7x4";

// Whether the message's place is in the text. yaml-cpp converts UTF-16 and UTF-32, whose places are
// of the converted text.
inline bool IsPlaced(const ConfigMessage& message, std::string_view yaml) {
  const auto is_utf8 = [](char c) { return c != '\0' && c != '\xfe' && c != '\xff'; };
  if (message.line == 0 || !std::ranges::all_of(yaml, is_utf8)) return true;
  std::string_view rest = yaml;
  for (std::size_t line = 1; line < message.line; ++line) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
  // Behind the last character is a place, too: what is missing is missing there.
  return message.column >= 1 && message.column <= std::min(rest.find('\n'), rest.size()) + 1;
}

inline void CheckMessages(const std::vector<ConfigMessage>& messages, std::string_view yaml) {
  for (const ConfigMessage& message : messages) {
    Require(IsPlaced(message, yaml), "a message's place is in the file");
    Require(IsShowable(message.path, 400), "a message's path can be shown");
    Require(!message.text.empty() && IsShowable(message.text, 600), "a message can be shown");
  }
}

inline void CheckNoSecret(const std::vector<ConfigMessage>& messages, std::string_view secret) {
  for (const ConfigMessage& message : messages) {
    Require(FormatConfigMessage("f", message).find(secret) == std::string::npos,
            "no message holds a secret");
  }
}

inline void CheckErrors(const std::vector<ConfigMessage>& errors, std::string_view yaml) {
  Require(!errors.empty(), "a failure says why");
  CheckMessages(errors, yaml);
  Require(std::ranges::is_sorted(errors, {},
                                 [](const ConfigMessage& message) {
                                   return std::tuple(message.line, message.column);
                                 }),
          "errors are in the file's order");
}

/// What a target for configuration files does with its input: the whole of it is a file, and its
/// first line the value of secret settings.
template <typename CheckFile, typename CheckSecret>
int FuzzConfigFile(const std::uint8_t* data, std::size_t size, CheckFile check_file,
                   CheckSecret check_secret) {
  if (size > kMaxFuzzedBytes) return -1;
  FuzzInput input(data, size);
  check_file(input.rest());
  const std::string_view line = input.TakeUntil('\n');
  check_secret(line.substr(0, line.find('\r')));
  return 0;
}

}  // namespace telnyx_exporter
