#pragma once

// The ways in which the simulator can misbehave. Each is one row of one table, which the flags, the
// control endpoint, the help and the tests read.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "simulator/api.h"
#include "simulator/wire.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

/// The request that meets a fault, and what the fault can draw on.
struct FaultyRequest {
  const HttpRequest& request;
  Api& api;
  std::uint64_t random;                // from the simulator's seed
  const std::string& redirect_target;  // where redirects lead to, without a path
};

struct Fault {
  std::string_view name;
  std::string_view help;  // one line: what the client meets
  /// What becomes of the request instead of the API's answer. Any thread.
  WireAnswer (*answer)(const FaultyRequest& faulty);
};

/// All of them, in the order in which people should read them.
std::span<const Fault> AllFaults();
/// Null for an unknown name.
const Fault* FindFault(std::string_view name);

}  // namespace telnyx_exporter::simulator
