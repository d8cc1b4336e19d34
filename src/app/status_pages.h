#pragma once

// The pages for people: the status page, a page for each connection, the configuration in force,
// and the files that they refer to.

#include <string>

#include "app/reloader.h"
#include "base/clock.h"
#include "state/state_store.h"
#include "web/router.h"

namespace telnyx_exporter {

struct StatusPages {
  const StateStore& state;
  const Reloader& reloader;
  const Clock& clock;
  Instant started;
  std::string telemetry_path;
};

/// Adds "/", "/connection", "/config" and "/static/…". What `pages` refers to must outlive the
/// router.
void AddStatusPages(const StatusPages& pages, Router& router);

}  // namespace telnyx_exporter
