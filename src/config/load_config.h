#pragma once

// The configuration file's text to a Config, or to the list of everything that is wrong with it.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace telnyx_exporter {

/// One thing that is wrong, or one that is allowed but should not be, at a place in the file.
struct ConfigMessage {
  std::size_t line = 0;    // from 1; 0: the file as a whole
  std::size_t column = 0;  // from 1
  std::string path;        // "accounts[0].connections[2].interval"; empty: the whole document
  std::string text;        // "\"5x\" is not a duration: …"; never a secret

  bool operator==(const ConfigMessage&) const = default;
};

/// "FILE:LINE:COLUMN: PATH: what is wrong", without the parts that the message does not have.
std::string FormatConfigMessage(std::string_view file, const ConfigMessage& message);

struct LoadedConfig {
  Config config;
  std::vector<ConfigMessage> warnings;
};

/// Reads YAML text. Either everything was right, or all the errors of the file, in its order.
std::expected<LoadedConfig, std::vector<ConfigMessage>> ParseConfig(std::string_view yaml);

/// The same for a file; one that cannot be read is an error of the whole file.
std::expected<LoadedConfig, std::vector<ConfigMessage>> LoadConfigFile(const std::string& path);

}  // namespace telnyx_exporter
