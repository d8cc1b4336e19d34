#include "simulation/budget_model.h"

#include <algorithm>

namespace telnyx_exporter::simulation {
namespace {

// Idle connections wait up to so many times as long as busy ones.
constexpr double kIdleWaitsLonger = 4;
// At least this much of the allowance is for polls.
constexpr double kPollsShare = 0.5;

}  // namespace

Factors FactorsFor(const Need& need, double allowed) {
  if (need.all() <= allowed) return {};
  const double polls = std::max(allowed - need.lists, kPollsShare * allowed);
  if (need.busy + need.idle <= polls) return {};
  // As much as idle connections need is taken from them alone, if they then wait no longer than
  // that.
  const double for_idle = polls - need.busy;
  if (for_idle > 0 && need.idle / for_idle <= kIdleWaitsLonger) {
    return {.busy = 1, .idle = need.idle / for_idle};
  }
  // Otherwise all wait, and idle ones so much longer.
  const double busy = std::max(1.0, (need.busy + need.idle / kIdleWaitsLonger) / polls);
  return {.busy = busy, .idle = busy * kIdleWaitsLonger};
}

}  // namespace telnyx_exporter::simulation
