#pragma once

// The exporter put together: metrics, transport, poller and, for the daemon, the main loop and the
// web server. main calls it once everything that can be refused was checked.

#include "app/command_line.h"
#include "app/load_plan.h"
#include "app/reloader.h"
#include "app/signals.h"
#include "base/clock.h"
#include "base/log.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

/// What main made, and what outlives the exporter.
struct Surroundings {
  const Clock& clock;
  Log& log;
  const LogWriter& log_writer;
  Signals& signals;
};

/// Polls every connection once and prints the exposition on standard output. Returns kExitStopped
/// when every poll was complete, else kExitRefused; a signal ends it without a word.
int RunOnce(const PollPlan& plan, const Surroundings& around);

/// Serves and polls until SIGTERM or SIGINT; SIGHUP reloads from `source`. Returns the exit code.
int Serve(const CommandLine& command_line, const ConfigSource& source, LoadedPlan loaded,
          const Surroundings& around);

}  // namespace telnyx_exporter
