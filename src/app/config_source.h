#pragma once

// Where the configuration comes from: a file or, when the default one does not exist and there is
// an API key in the environment, a built-in one that polls the whole account. main and the reloader
// ask, and it is looked for every time.

#include <expected>
#include <string>
#include <vector>

#include "config/config.h"

namespace telnyx_exporter {

struct ConfigSource {
  std::string file;
  /// The file is the default one, which nobody named: it may be missing.
  bool may_be_missing = false;
};

struct SourcedConfig {
  LoadedConfig loaded;
  std::string origin;  // the file, or words for the built-in configuration
};

/// Everything that is wrong, a line each, as FormatConfigMessage writes it.
using ConfigErrors = std::vector<std::string>;

std::expected<SourcedConfig, ConfigErrors> LoadConfig(const ConfigSource& source);

}  // namespace telnyx_exporter
