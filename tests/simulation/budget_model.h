#pragma once

// What an account's connections need, and how long their intervals must therefore be: the
// documented rules once more, apart from the exporter's own code.

#include "base/clock.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter::simulation {

/// Requests a second.
struct Need {
  double busy = 0;
  double idle = 0;
  double idle_slowest = 0;  // of the same at their slowest
  double lists = 0;

  double all() const { return busy + idle + lists; }
};

/// By how much intervals are longer than the configuration asks for.
struct Factors {
  double all = 1;
  double idle_slowed = 0;  // 0: idle connections at their own rate; 1: at their slowest
};

inline constexpr int kQuietPolls = 3;  // that make a connection idle
/// Idle connections wait up to so many times as long as if they were busy.
inline constexpr int kIdleWaitsLonger = 4;

Factors FactorsFor(const Need& need, double allowed);

/// The interval that the configuration asks for.
inline Duration WantedBy(const ConnectionPlan& plan, bool idle) {
  return idle && plan.idle_interval ? std::max(*plan.idle_interval, plan.interval) : plan.interval;
}

/// The longest interval of an idle connection while busy ones keep theirs.
inline Duration SlowestIdle(const ConnectionPlan& plan) {
  return std::max(WantedBy(plan, true), kIdleWaitsLonger * plan.interval);
}

}  // namespace telnyx_exporter::simulation
