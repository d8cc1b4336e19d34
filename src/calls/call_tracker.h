#pragma once

// What happened to a connection's calls between its polls: which legs are new and which have ended,
// how long those lasted, and how many began that no poll saw. The poller has one for each
// connection and feeds it every complete poll, on the polling thread.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "calls/duration_histogram.h"
#include "calls/leg_list.h"
#include "calls/sorted_legs.h"
#include "calls/start_estimator.h"

namespace telnyx_exporter {

/// What one complete poll added to what is known.
struct CallChanges {
  std::uint64_t started = 0;
  DurationHistogram completed;
  std::uint64_t tracked = 0;     // legs that the tracker knows now
  double started_estimated = 0;  // all legs that started, those included that no poll saw
};

/// A leg has ended when two complete polls in a row were without it: a single one may have missed
/// it, since the pages of a poll are not a snapshot. Its end is taken to be half-way between the
/// last poll that saw it and the first that did not. Until then a leg is the same one whatever its
/// duration does, and the largest that was seen counts: the API's replicas may be a second apart.
class CallTracker {
 public:
  /// Takes in a complete poll that ended at `now`. `legs` have one and the same fingerprint for the
  /// tracker's whole life. The first poll is the baseline: nothing has started or ended.
  CallChanges Update(const SortedLegs& legs, Instant now, const DurationBounds& bounds,
                     SpareLegBlocks& spare);

 private:
  LegList present_;  // in the last poll
  LegList missing_;  // in the poll before the last, but not in the last
  std::optional<Instant> last_poll_;
  Duration last_gap_{};  // between the last poll and the one before
  StartEstimator estimator_;
};

}  // namespace telnyx_exporter
