#pragma once

// Whether an account's rate limit is large enough for its connections, and how their intervals
// stretch where it is not. Pure; the account asks on the polling thread.

#include <optional>

#include "base/clock.h"
#include "polling/poll_observer.h"

namespace telnyx_exporter {

/// Complete polls in a row without a call after which a connection counts as idle.
inline constexpr int kIdlePolls = 3;
/// Where the budget is short, idle connections wait up to so many times as long as busy ones.
inline constexpr double kMostIdleStretch = 4;
/// Longer than any interval in force gets by stretching: as long as one may be configured. Values
/// are kept for three of these, and nobody takes older ones for present.
inline constexpr Duration kLongestStretchedInterval = std::chrono::hours(24);
/// A change of the need or of the allowance by less than this share is not worth a word.
inline constexpr double kMaterialChange = 0.01;

/// Requests per second that the configured and idle intervals need.
struct RequestDemand {
  double busy = 0;   // of connections with calls, and of those of which nothing is known yet
  double idle = 0;   // of connections without calls
  double lists = 0;  // of the list refreshes

  double total() const { return busy + idle + lists; }
};

/// What intervals are multiplied by; 1 where the budget is large enough.
struct IntervalStretch {
  double busy = 1;
  double idle = 1;

  bool operator==(const IntervalStretch&) const = default;
};

/// Such that the demand fits into `allowed` requests per second. All connections stretch alike, but
/// for idle ones: these wait first, until they wait kMostIdleStretch times as long as busy ones.
IntervalStretch StretchFor(const RequestDemand& demand, double allowed);

/// Whether two rates, or two stretches, differ by more than kMaterialChange.
bool DiffersMaterially(double before, double after);
bool DiffersMaterially(const IntervalStretch& before, const IntervalStretch& after);

/// `interval` stretched, never shorter than it and, where it is stretched, bounded.
Duration Stretched(Duration interval, double factor);

/// `interval` times `count`, bounded.
Duration Times(Duration interval, int count);

/// What a connection's plan says about its polls' times.
struct PollIntervals {
  Duration interval{};
  std::optional<Duration> idle_interval{};
  std::optional<Duration> stale_after{};

  bool operator==(const PollIntervals&) const = default;
};
PollIntervals IntervalsOf(const ConnectionPlan& plan);

/// The interval that the configuration asks for: the idle one for an idle connection.
Duration WantedInterval(const PollIntervals& intervals, bool idle);

/// The interval in force and how long values are kept under it.
IntervalInForce InForce(const PollIntervals& intervals, bool idle, const IntervalStretch& stretch);

/// Requests per second; safe for any interval.
double RequestsPerSecond(double requests, Duration interval);

}  // namespace telnyx_exporter
