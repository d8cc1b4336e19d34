#pragma once

// One row of an active-calls page. PageParser reads it, the calls library counts it, on the polling
// thread.

#include <cstdint>
#include <optional>

#include "telnyx/call_id.h"

namespace telnyx_exporter {

/// One row of an active-calls page: a call leg. The API's call_control_id and client_state are not
/// here and are never read.
struct ActiveCall {
  CallId leg;
  CallId session;
  std::uint32_t duration_seconds = 0;
  bool has_session = false;  // the row named its session

  bool operator==(const ActiveCall&) const = default;
};

}  // namespace telnyx_exporter
