#pragma once

// The plan for the poller from a checked configuration. Called at the start and by reloads, on the
// main thread.

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "config/config.h"
#include "config/proxy_environment.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

using ReadKey = std::function<Result<Secret>(const ApiKeySource&)>;
using ReadCa = std::function<Result<std::string>(const std::string& path)>;

/// The text of a file of authorities' certificates; empty for an empty path. The error is a
/// predicate that follows the file's name.
Result<std::string> ReadCaFile(const std::string& path);

/// The configuration as the poller of that shard wants it: defaults filled in, keys and CA files
/// read, proxies taken from the environment where the configuration says so. Fails with all that is
/// wrong, each sentence with the account that it is about.
std::expected<PollPlan, std::vector<Error>> MakePollPlan(
    const Config& config, const Shard& shard, const ReadKey& read_key,
    const ReadVariable& read_variable = ReadProcessVariable, const ReadCa& read_ca = ReadCaFile);

}  // namespace telnyx_exporter
