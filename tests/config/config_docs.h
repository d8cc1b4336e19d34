#pragma once

// The documentation of the configuration's keys, made from the table that the exporter reads the
// file with: docs/configuration.md and config/telnyx_exporter.schema.json are compared with it.

#include <string>

namespace telnyx_exporter {

/// The reference of all keys as Markdown.
std::string FormatConfigReference();

/// The JSON schema of the configuration file.
std::string FormatConfigSchema();

}  // namespace telnyx_exporter
