#pragma once

// What tests and people steer the simulator by: the paths below /simulator. The wire server calls
// it.

#include "simulator/call_world.h"
#include "simulator/faults.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

/// What is served beside the API, under /simulator: the truth about the calls, counted from the
/// model and not from pages, and control over the time and the faults. Any thread.
///
///   GET  /simulator/truth?buckets=5,60    exact counts of every connection that exists at this
///                                         moment, and how many legs have begun and ended so far,
///                                         as JSON
///   POST /simulator/freeze, /simulator/unfreeze
///   POST /simulator/advance?seconds=15    moves a frozen time on
///   GET  /simulator/faults                what is switched on and what there is, as JSON
///   POST /simulator/faults?fault=RULE     switches on: NAME[:PROBABILITY][:later][@CONNECTION_ID]
///   DELETE /simulator/faults?fault=RULE   switches off; without `fault` all of them
///   GET  /simulator/healthy
HttpResponse AnswerControl(CallWorld& world, FaultRules& faults, const HttpRequest& request);

}  // namespace telnyx_exporter::simulator
