#pragma once

// What the readers of configuration files say to people: one sentence about one place in a file.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace telnyx_exporter {

/// One thing that is wrong, or one that is allowed but should not be, at a place in the file.
struct ConfigMessage {
  std::size_t line = 0;    // from 1; 0: the file as a whole
  std::size_t column = 0;  // from 1, in bytes
  std::string path;        // "accounts[0].connections[2].interval"; empty: the whole document
  std::string text;        // "\"5x\" is not a duration: …"; never a secret

  bool operator==(const ConfigMessage&) const = default;
};

/// "FILE:LINE:COLUMN: PATH: what is wrong", without the parts that the message does not have.
std::string FormatConfigMessage(std::string_view file, const ConfigMessage& message);

/// The same for each of the messages.
std::vector<std::string> FormatConfigMessages(std::string_view file,
                                              const std::vector<ConfigMessage>& messages);

/// Where a value stands in the configuration file. All places are equal, so that two configurations
/// that say the same are.
struct ConfigPlace {
  std::size_t line = 0;  // from 1; 0: it stands nowhere, it is a default
  std::size_t column = 0;
  std::string path;

  bool operator==(const ConfigPlace&) const { return true; }
};

inline ConfigMessage MessageAt(const ConfigPlace& place, std::string text) {
  return {.line = place.line, .column = place.column, .path = place.path, .text = std::move(text)};
}

/// In the order of the file; of more than 50 the first, and one that says how many are left out.
void SortAndBound(std::vector<ConfigMessage>& messages);

}  // namespace telnyx_exporter
