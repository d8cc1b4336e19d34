#pragma once

// The ways in which the simulator can misbehave: one table, which the flags, the control endpoint,
// the help and the tests read. Each row is in one file with its function: what happens on the
// wire in wire_faults.cpp, what an answer says in answer_faults.cpp, how pages follow each other in
// paging_faults.cpp.

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
  /// What the client gets instead of the API's answer. Any thread.
  WireAnswer (*answer)(const FaultyRequest& faulty);
};

/// Scripts that act on the bytes of the client's connection.
std::span<const Fault> WireFaults();
/// Other statuses, headers and bodies, always as well-formed HTTP.
std::span<const Fault> AnswerFaults();
/// Requests in the page-number form, and whatever else has no cursor, are answered normally. Every
/// cursor that a fault names still works after the fault has been switched off: a walk is wrong
/// only because of what a fault says.
std::span<const Fault> PagingFaults();

/// All of them, in the order in which people should read them.
std::span<const Fault> AllFaults();
/// Null for an unknown name.
const Fault* FindFault(std::string_view name);

}  // namespace telnyx_exporter::simulator
