#pragma once

// Faults of paging by cursor. Requests in the page-number form, and whatever else has no cursor,
// are answered as always. Every cursor that a fault names leads on rightly when the fault has been
// switched off meanwhile: a walk may be wrong only because of what a fault says.

#include "simulator/fault.h"

namespace telnyx_exporter::simulator {

WireAnswer RepeatCursor(const FaultyRequest& faulty);
WireAnswer LoopThreeCursors(const FaultyRequest& faulty);
WireAnswer NameLongCursor(const FaultyRequest& faulty);
WireAnswer PageWithoutEnd(const FaultyRequest& faulty);
WireAnswer PageBackwards(const FaultyRequest& faulty);
WireAnswer RepeatCalls(const FaultyRequest& faulty);
WireAnswer IgnoreLimit(const FaultyRequest& faulty);

}  // namespace telnyx_exporter::simulator
