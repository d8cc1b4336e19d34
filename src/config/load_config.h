#pragma once

// The configuration file's text to a Config, or to the list of everything that is wrong with it.
// Called at the start, by --config.check and by reloads, on the main thread.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/config_message.h"

namespace telnyx_exporter {

struct LoadedConfig {
  Config config;
  std::vector<ConfigMessage> warnings;
};

/// Reads YAML text; relative paths in it start at the directory of `file`. Fails with the errors of
/// the file in its order, at most 50 and how many more there are. Opens no file.
std::expected<LoadedConfig, std::vector<ConfigMessage>> ParseConfig(std::string_view yaml,
                                                                    std::string_view file = {});

/// The same for a file; one that cannot be read is an error of the whole file.
std::expected<LoadedConfig, std::vector<ConfigMessage>> LoadConfigFile(const std::string& path);

}  // namespace telnyx_exporter
