#pragma once

// Every key of the configuration file, each described once: adding a key is a member in config.h
// and a row here. Reading, writing, the JSON schema and docs/configuration.md come from the rows.

#include "config/config.h"
#include "config/key_table.h"

namespace telnyx_exporter {

/// The keys of the whole file.
const KeyTable<Config>& ConfigKeys();

}  // namespace telnyx_exporter
