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
/// Of the web configuration file only whether it sets up TLS is looked at, and http and https are
/// both tried when it is given: broken files do not make a working exporter unhealthy. Being
/// refused because it has no password, or by the rate limit, is a sign of life too then, but not of
/// readiness.
Result<void> CheckHealth(const CommandLine& command_line, const Clock& clock);

}  // namespace telnyx_exporter
