#include "calls/call_tracker.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {
namespace {

// The rows of a poll in the order of their legs. They lie anywhere in memory, so that each has to
// be fetched some time before it is needed.
class LegsInOrder {
 public:
  LegsInOrder(const CallRows& rows, std::span<const IdGrouping::Entry> order)
      : legs_(rows.legs()), durations_(rows.durations()), order_(order) {}

  bool at_end() const { return position_ == order_.size(); }

  /// Takes all rows of the next leg.
  TrackedLeg Take() {
    const auto [fingerprint, row] = TakeRow();
    TrackedLeg leg{
        .id = legs_[row], .fingerprint = fingerprint, .duration_seconds = durations_[row]};
    while (!at_end() && order_[position_].fingerprint == fingerprint &&
           legs_[order_[position_].index] == leg.id) {
      leg.duration_seconds = std::max(leg.duration_seconds, durations_[TakeRow().index]);
    }
    return leg;
  }

 private:
  static constexpr std::size_t kRowsAhead = 16;

  IdGrouping::Entry TakeRow() {
    if (position_ + kRowsAhead < order_.size()) {
      const std::uint32_t later = order_[position_ + kRowsAhead].index;
      __builtin_prefetch(&legs_[later]);
      __builtin_prefetch(&durations_[later]);
    }
    return order_[position_++];
  }

  std::span<const CallId> legs_;
  std::span<const std::uint32_t> durations_;
  std::span<const IdGrouping::Entry> order_;
  std::size_t position_ = 0;
};

// One step from poll to poll: walks the legs that were known and those that are seen now side by
// side.
class Comparison {
 public:
  struct HalfGaps {
    double since_last_poll;  // seconds
    double before_last_poll;
  };

  Comparison(LegList present, LegList missing, IdFingerprint fingerprint, HalfGaps half_gaps,
             SpareLegBlocks& spare, CallChanges& changes)
      : present_(std::move(present), fingerprint, spare),
        missing_(std::move(missing), fingerprint, spare),
        half_gaps_(half_gaps),
        spare_(spare),
        changes_(changes) {}

  void See(const TrackedLeg& leg) {
    while (present_.front() != nullptr && present_.front()->ComesBefore(leg)) MissPresent();
    while (missing_.front() != nullptr && missing_.front()->ComesBefore(leg)) EndMissing();
    if (!GoesOn(leg)) ++changes_.started;
    next_present_.Append(leg, spare_);
  }

  void Finish() {
    while (present_.front() != nullptr) MissPresent();
    while (missing_.front() != nullptr) EndMissing();
    next_present_.ShrinkToFit(spare_);
    next_missing_.ShrinkToFit(spare_);
  }

  LegList TakePresent() { return std::move(next_present_); }
  LegList TakeMissing() { return std::move(next_missing_); }

 private:
  // Whether the leg was known; if it was, takes it off its list. An id that comes back with a
  // smaller duration is another call's.
  bool GoesOn(const TrackedLeg& leg) {
    if (present_.front() != nullptr && present_.front()->id == leg.id) {
      const bool same = leg.duration_seconds >= present_.front()->duration_seconds;
      if (!same) End(*present_.front(), half_gaps_.since_last_poll);
      present_.Pop();
      return same;
    }
    if (missing_.front() != nullptr && missing_.front()->id == leg.id) {
      const bool same = leg.duration_seconds >= missing_.front()->duration_seconds;
      if (!same) End(*missing_.front(), half_gaps_.before_last_poll);
      missing_.Pop();
      return same;
    }
    return false;
  }

  void MissPresent() {
    next_missing_.Append(*present_.front(), spare_);
    present_.Pop();
  }

  void EndMissing() {
    End(*missing_.front(), half_gaps_.before_last_poll);
    missing_.Pop();
  }

  void End(const TrackedLeg& leg, double half_gap) {
    changes_.completed.Add(leg.id, leg.duration_seconds + half_gap);
  }

  LegReader present_;
  LegReader missing_;
  LegList next_present_;
  LegList next_missing_;
  HalfGaps half_gaps_;
  SpareLegBlocks& spare_;
  CallChanges& changes_;
};

}  // namespace

CallChanges CallTracker::Update(const CallRows& rows, const IdGrouping& order, Instant now,
                                const DurationBounds& bounds, SpareLegBlocks& spare) {
  const bool is_baseline = !last_poll_;
  const Duration gap = now - last_poll_.value_or(now);
  CallChanges changes{.completed = DurationHistogram(bounds)};
  Comparison comparison(
      std::exchange(present_, {}), std::exchange(missing_, {}), order.fingerprint(),
      {.since_last_poll = ToSeconds(gap) / 2, .before_last_poll = ToSeconds(last_gap_) / 2}, spare,
      changes);
  for (LegsInOrder legs(rows, order.entries()); !legs.at_end();) comparison.See(legs.Take());
  comparison.Finish();

  present_ = comparison.TakePresent();
  missing_ = comparison.TakeMissing();
  last_poll_ = now;
  last_gap_ = gap;
  changes.tracked = present_.size() + missing_.size();
  if (is_baseline) changes.started = 0;
  return changes;
}

}  // namespace telnyx_exporter
