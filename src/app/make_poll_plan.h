#pragma once

// The plan for the poller from a checked configuration. Called at the start and by reloads, on the
// main thread.

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "config/config.h"
#include "config/address.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

using ReadKey = std::function<Result<Secret>(const ApiKeySource&)>;

/// The configuration as the poller of that shard wants it: defaults filled in, keys read, proxies
/// taken from the environment where the configuration says so. Fails with all that is wrong, each
/// sentence with the account that it is about.
std::expected<PollPlan, std::vector<Error>> MakePollPlan(
    const Config& config, const Shard& shard, const ReadKey& read_key,
    const ReadVariable& read_variable = ReadProcessVariable);

}  // namespace telnyx_exporter
