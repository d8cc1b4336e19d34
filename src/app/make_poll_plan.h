#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "config/config.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

using ReadKey = std::function<Result<Secret>(const ApiKeySource&)>;

/// The configuration as the poller of that shard wants it: defaults filled in, keys read. On
/// failure all that is wrong, each sentence with the account that it is about.
std::expected<PollPlan, std::vector<Error>> MakePollPlan(const Config& config, const Shard& shard,
                                                         const ReadKey& read_key);

}  // namespace telnyx_exporter
