#include "polling/request_budget.h"

#include <algorithm>
#include <cmath>

namespace telnyx_exporter {
namespace {

// However much the lists need, polls get this share of what is allowed.
constexpr double kLeastShareOfPolls = 0.5;

}  // namespace

IntervalStretch StretchFor(const RequestDemand& demand, double allowed) {
  if (demand.total() <= allowed) return {};
  const double for_polls = std::max(allowed - demand.lists, allowed * kLeastShareOfPolls);
  if (demand.busy + demand.idle <= for_polls) return {};
  const double left_by_busy = for_polls - demand.busy;
  const bool idle_wait_alone = left_by_busy > 0 && demand.idle <= kMostIdleStretch * left_by_busy;
  if (idle_wait_alone) return {.busy = 1, .idle = demand.idle / left_by_busy};
  const double busy = (demand.busy + demand.idle / kMostIdleStretch) / for_polls;
  return {.busy = std::max(1.0, busy), .idle = kMostIdleStretch * std::max(1.0, busy)};
}

bool DiffersMaterially(double before, double after) {
  return std::abs(after - before) > kMaterialChange * std::max(std::abs(before), std::abs(after));
}

bool DiffersMaterially(const IntervalStretch& before, const IntervalStretch& after) {
  // Back to the configured intervals at once, however near they were.
  const bool ends = after == IntervalStretch{} && before != after;
  return ends || DiffersMaterially(before.busy, after.busy) ||
         DiffersMaterially(before.idle, after.idle);
}

Duration Stretched(Duration interval, double factor) {
  if (!(factor > 1)) return interval;
  const double stretched = static_cast<double>(interval.count()) * factor;
  const auto longest = static_cast<double>(kLongestStretchedInterval.count());
  if (!(stretched < longest)) return std::max(interval, kLongestStretchedInterval);
  return Duration(static_cast<Duration::rep>(stretched));
}

Duration Times(Duration interval, int count) {
  constexpr Duration kLongest = Duration::max() / 4;
  return interval > kLongest / count ? kLongest : interval * count;
}

PollIntervals IntervalsOf(const ConnectionPlan& plan) {
  return {.interval = plan.interval,
          .idle_interval = plan.idle_interval,
          .stale_after = plan.stale_after};
}

Duration WantedInterval(const PollIntervals& intervals, bool idle) {
  if (!idle) return intervals.interval;
  return std::max(intervals.interval, intervals.idle_interval.value_or(Duration{}));
}

IntervalInForce InForce(const PollIntervals& intervals, bool idle, const IntervalStretch& stretch) {
  const Duration interval =
      Stretched(WantedInterval(intervals, idle), idle ? stretch.idle : stretch.busy);
  return {.interval = interval, .stale_after = intervals.stale_after.value_or(Times(interval, 3))};
}

double RequestsPerSecond(double requests, Duration interval) {
  return requests / std::max(1e-9, ToSeconds(interval));
}

}  // namespace telnyx_exporter
