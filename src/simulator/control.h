#pragma once

#include "simulator/call_world.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

/// What stands beside the API, under /simulator: the truth about the calls, counted from the model
/// and not from pages, and control over the time. Any thread.
///
///   GET  /simulator/truth?buckets=5,60    exact counts of every connection at this moment, and how
///                                         many legs have begun and ended so far, as JSON
///   POST /simulator/freeze, /simulator/unfreeze
///   POST /simulator/advance?seconds=15    moves a frozen time on
///   GET  /simulator/healthy
HttpResponse AnswerControl(CallWorld& world, const HttpRequest& request);

}  // namespace telnyx_exporter::simulator
