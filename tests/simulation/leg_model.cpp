#include "simulation/leg_model.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "simulation/violation.h"

namespace telnyx_exporter::simulation {

std::uint64_t LegModel::completed() const {
  return std::accumulate(buckets_.begin(), buckets_.end(), std::uint64_t{0});
}

void LegModel::BeginWithBounds(const std::vector<double>& bounds) {
  if (bounds == bounds_ && !buckets_.empty()) return;
  bounds_ = bounds;
  buckets_.assign(bounds.size() + 1, 0);
  completed_seconds_ = 0;
}

// Half-way between the poll that saw it last and the one after that; but of an outage between the
// two one interval counts.
void LegModel::End(const Leg& leg) {
  constexpr int kLongGap = 4;
  Duration gap = *last_poll_ - leg.seen;
  if (gap > kLongGap * expected_) gap = expected_;
  const double lasted = leg.seconds + ToSeconds(gap) / 2;
  std::size_t bucket = 0;
  while (bucket < bounds_.size() && lasted > bounds_[bucket]) ++bucket;
  ++buckets_[bucket];
  completed_seconds_ += lasted;
  ++ended_;
}

void LegModel::Update(const std::vector<Row>& legs, Instant now, Duration interval,
                      const CallChanges& changes) {
  BeginWithBounds(*changes.completed.bounds());
  const std::uint64_t started_before = started_;
  const std::uint64_t ended_before = ended_;
  for (const Row& row : legs) {
    const auto [known, is_new] = known_.try_emplace(row.leg);
    if (is_new && last_poll_) ++started_;
    // A known leg is the same one whatever its duration does; the larger one counts.
    Leg& leg = known->second;
    leg = {.seconds = std::max(leg.seconds, row.seconds), .seen = now};
  }
  std::erase_if(known_, [&](const auto& entry) {
    const Leg& leg = entry.second;
    const bool missed_twice = last_poll_ && leg.seen < *last_poll_ && leg.seen < now;
    if (missed_twice) End(leg);
    return missed_twice;
  });
  if (!last_poll_) baseline_ = legs.size();
  expected_ = std::max(interval, std::exchange(interval_, interval));
  last_poll_ = now;

  Require(changes.started == started_ - started_before, "{} legs have started instead of {}",
          changes.started, started_ - started_before);
  Require(changes.completed.count() == ended_ - ended_before, "{} legs have ended instead of {}",
          changes.completed.count(), ended_ - ended_before);
  Require(changes.tracked == known_.size(), "{} legs are tracked instead of {}", changes.tracked,
          known_.size());
  Require(baseline_ + started_ - ended_ == known_.size(), "{} legs, {} more and {} less are not {}",
          baseline_, started_, ended_, known_.size());
}

}  // namespace telnyx_exporter::simulation
