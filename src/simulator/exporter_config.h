#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "simulator/account.h"

namespace telnyx_exporter::simulator {

/// Writes telnyx_exporter.yml into a directory, created if need be: a configuration with which the
/// exporter finds and polls everything that the accounts have at `api`
/// ("http://127.0.0.1:10036/v2"), and beside it each account's key as NAME.key. An error names the
/// file that cannot be written.
Result<void> WriteExporterConfig(const std::string& directory, std::string_view api,
                                 const std::vector<AccountSettings>& accounts);

}  // namespace telnyx_exporter::simulator
