#pragma once

// What the table of keys says, written out: a configuration as YAML for /config, and the reference
// and the JSON schema of all keys, with which tests compare docs/configuration.md and
// config/telnyx_exporter.schema.json. Pure functions.

#include <string>

#include "config/config.h"

namespace telnyx_exporter {

/// The configuration as the YAML that it could have been loaded from: every key with its value in
/// force, whether it was given or is a default; only secrets are put as <secret>. Of a proxy's
/// address the secret is what stands before the @. Such a text loads again.
std::string FormatConfig(const Config& config);

/// The reference of all keys as Markdown.
std::string FormatConfigReference();

/// The JSON schema of the configuration file.
std::string FormatConfigSchema();

}  // namespace telnyx_exporter
