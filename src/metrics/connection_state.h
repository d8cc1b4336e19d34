#pragma once

// What is known of one connection: who it is, how its polls go and, for as long as they may be
// shown, the values of its last complete poll.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "calls/duration_histogram.h"
#include "calls/peak_window.h"
#include "metrics/call_history.h"
#include "polling/poll_observer.h"
#include "polling/poll_plan.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// Fixed for as long as the connection is polled under this plan.
struct ConnectionIdentity {
  std::string account;
  ConnectionPlan plan;
};

/// What has happened to the calls since the connection's first complete poll.
struct CallTotals {
  std::uint64_t started = 0;
  DurationHistogram completed;
};

struct ConnectionState {
  std::uint64_t polls = 0;
  std::uint64_t failures = 0;
  std::uint64_t item_mismatches = 0;
  std::optional<Duration> last_poll_duration;
  Instant last_poll_ended{};           // once polled
  bool last_poll_held_back = false;    // no request was sent
  std::optional<Instant> next_due;     // nothing before the first poll
  std::optional<PollFailure> failure;  // of the newest poll
  Instant failing_since{};             // while there is a failure: since the first in a row
  // The last complete poll.
  std::optional<CompletePoll> values;
  Instant values_ended{};   // when that poll did
  Instant values_expire{};  // from then on they are not known any more
  WallTime last_success{};
  // All complete polls.
  PeakWindow peak;
  std::optional<CallTotals> totals;  // nothing before the first one
  CallHistory history;

  /// The newest poll was complete.
  bool up() const { return values.has_value() && !failure.has_value(); }
  bool polled() const { return last_poll_duration.has_value(); }
  /// The values of the last complete poll may be shown at `now`.
  bool knows_values(Instant now) const { return values.has_value() && now < values_expire; }
};

}  // namespace telnyx_exporter
