#pragma once

// Faults that answer with another status than the API would.

#include "simulator/fault.h"

namespace telnyx_exporter::simulator {

/// As the API does where it has a form for the status, with HTML from 500 on, else without a body.
HttpResponse StatusAnswer(int status);
HttpResponse RedirectAnswer(int status, const FaultyRequest& faulty);

template <int kStatus>
WireAnswer AnswerStatus(const FaultyRequest& /*faulty*/) {
  return StatusAnswer(kStatus);
}
template <int kStatus>
WireAnswer Redirect(const FaultyRequest& faulty) {
  return RedirectAnswer(kStatus, faulty);
}
WireAnswer LimitRate(const FaultyRequest& faulty);

}  // namespace telnyx_exporter::simulator
