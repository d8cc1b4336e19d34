#pragma once

// --healthcheck: whether the exporter that runs with the same flags works or is ready, for
// container engines. main calls it in a process of its own.

#include <string>
#include <string_view>

#include "app/command_line.h"
#include "base/clock.h"
#include "base/error.h"

namespace telnyx_exporter {

/// Where a client on the same machine reaches who listens on `address`, as --web.listen-address
/// has it: "127.0.0.1:10035" for ":10035".
std::string LocalAddress(std::string_view address);

/// Asks /-/healthy, or /-/ready, at the first listening address. An error says what came instead.
/// Being refused for want of a password, or by the rate limit, is a sign of life too where the
/// rules say so, but not of readiness.
Result<void> CheckHealth(const CommandLine& command_line, const Clock& clock);

}  // namespace telnyx_exporter
