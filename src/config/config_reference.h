#pragma once

// The configuration's keys for people and for editors, made from the table of keys. Tests compare
// docs/configuration.md and config/telnyx_exporter.schema.json with it.

#include <string>

namespace telnyx_exporter {

/// The reference of all keys as Markdown.
std::string FormatConfigReference();

/// The JSON schema of the configuration file.
std::string FormatConfigSchema();

}  // namespace telnyx_exporter
