#pragma once

// What --config.check looks at beyond the configuration's text: the files that it names, the
// environment, and whether the rate limits allow what the intervals need. The start and reloads
// show the same warnings. Main thread.

#include <string>
#include <vector>

#include "config/address.h"
#include "config/config.h"
#include "config/config_message.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

struct ConfigFindings {
  std::vector<ConfigMessage> errors;    // for which a start or a reload would fail
  std::vector<ConfigMessage> warnings;  // in the order of the accounts
};

/// Opens the key files and CA files of all accounts. A file that is missing or cannot be used is an
/// error; permissions that are too wide and an unset or unusable key variable are warnings, for the
/// checking process often has another environment than the service.
ConfigFindings CheckConfigFiles(const Config& config);

/// Warnings that need no other file: rate limits that are too small for the configured connections
/// of this shard, and proxies of the environment that nothing configures. Each is one line.
std::vector<std::string> FindConfigWarnings(
    const Config& config, const Shard& shard,
    const ReadVariable& read_variable = ReadProcessVariable);

/// One line for each account whose configured connections of this shard need more requests per
/// second, with one page each, than its share of the rate limit allows; with the remedy.
std::vector<std::string> FindBudgetWarnings(const Config& config, const Shard& shard);

}  // namespace telnyx_exporter
