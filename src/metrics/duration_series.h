#pragma once

// Histograms of call durations as series of the metric that `out` is at. A format gets only what it
// shows of them. For rows of the metric table.

#include "base/clock.h"
#include "calls/duration_histogram.h"
#include "exposition/exposition_writer.h"
#include "polling/poll_observer.h"

namespace telnyx_exporter {

/// Of active legs.
void AddDurations(const CompletePoll& poll, FamilyWriter& out);

/// Of ended legs, counted since `created`.
void AddDurations(const DurationHistogram& durations, WallTime created, FamilyWriter& out);

}  // namespace telnyx_exporter
