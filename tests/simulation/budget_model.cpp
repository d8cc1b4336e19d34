#include "simulation/budget_model.h"

#include <algorithm>

namespace telnyx_exporter::simulation {
namespace {

// At least this much of the allowance is for polls.
constexpr double kPollsShare = 0.5;

}  // namespace

Factors FactorsFor(const Need& need, double allowed) {
  if (need.all() <= allowed) return {};
  const double polls = std::max(allowed - need.lists, kPollsShare * allowed);
  if (need.busy + need.idle <= polls) return {};
  // Idle connections are slowed down alone, if that is enough.
  if (need.busy + need.idle_slowest < polls) {
    return {.idle_slowed = (need.busy + need.idle - polls) / (need.idle - need.idle_slowest)};
  }
  return {.all = std::max(1.0, (need.busy + need.idle_slowest) / polls), .idle_slowed = 1};
}

}  // namespace telnyx_exporter::simulation
