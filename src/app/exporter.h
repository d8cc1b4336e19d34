#pragma once

// The exporter put together: metrics, transport, poller and, for the daemon, the web server.

#include "app/command_line.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

/// Polls every connection once and prints the exposition on standard output. Returns kExitStopped
/// when every poll was complete, else kExitRefused.
int RunOnce(const PollPlan& plan, const Clock& clock, Log& log);

/// Serves and polls until SIGTERM or SIGINT; SIGHUP reloads. `plan` was made from `config`. Returns
/// the exit code.
int Serve(const CommandLine& command_line, Config config, const PollPlan& plan, const Clock& clock,
          Log& log);

}  // namespace telnyx_exporter
