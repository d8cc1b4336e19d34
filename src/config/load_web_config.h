#pragma once

// The web configuration file's text to a WebConfig, or to the list of everything that is wrong with
// it. Its format is the one of the Prometheus exporter toolkit; docs/access.md says where it differs.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/load_config.h"
#include "config/web_config.h"

namespace telnyx_exporter {

struct LoadedWebConfig {
  WebConfig config;
  std::vector<ConfigMessage> warnings;
};

/// Reads YAML text; an empty one sets no rules. Relative paths in it start from `directory`. Either
/// everything was right, or all the errors of the file, in its order. Opens no other file.
std::expected<LoadedWebConfig, std::vector<ConfigMessage>> ParseWebConfig(
    std::string_view yaml, const std::string& directory);

/// The same for a file; one that cannot be read is an error of the whole file.
std::expected<LoadedWebConfig, std::vector<ConfigMessage>> LoadWebConfigFile(
    const std::string& path);

}  // namespace telnyx_exporter
