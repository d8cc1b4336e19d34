#pragma once

// What the exporter serves under which path: /metrics, the probes, the lifecycle, and the pages for
// people with the files that they refer to; docs/http.md is its reference. The web server's threads
// call the handler.

#include <functional>
#include <string>

#include "app/main_loop.h"
#include "app/reloader.h"
#include "app/service_manager.h"
#include "base/clock.h"
#include "metrics/exporter_metrics.h"
#include "metrics/metrics_exposition.h"
#include "state/state_store.h"
#include "web/http_server.h"

namespace telnyx_exporter {

struct HandlerParts {
  std::string telemetry_path;
  MetricsExposition& metrics;
  const StateStore& state;
  ExporterMetrics& exporter;
  const Reloader& reloader;
  /// Nothing: the lifecycle API is disabled.
  std::function<void(MainLoop::OnReloaded)> request_reload;
  const Watchdog& watchdog;
  const Clock& clock;
  Instant started;
};

/// The handler for all requests. What `parts` refers to must outlive it.
HttpHandler MakeWebHandler(const HandlerParts& parts);

}  // namespace telnyx_exporter
