#include "calls/call_tracker.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {
namespace {

// One step from poll to poll: walks the legs that were known and those that are seen now side by
// side.
class Comparison {
 public:
  /// `half_gap_seconds`: half the time from the poll that saw `missing` last to the one after it.
  Comparison(LegList present, LegList missing, IdFingerprint fingerprint, double half_gap_seconds,
             SpareLegBlocks& spare, CallChanges& changes)
      : present_(std::move(present), fingerprint, spare),
        missing_(std::move(missing), fingerprint, spare),
        half_gap_seconds_(half_gap_seconds),
        spare_(spare),
        changes_(changes) {}

  void See(const TrackedLeg& leg) {
    while (present_.front() != nullptr && present_.front()->ComesBefore(leg)) MissPresent();
    while (missing_.front() != nullptr && missing_.front()->ComesBefore(leg)) EndMissing();
    if (IsFront(present_, leg)) {
      GoOn(present_, leg);
    } else if (IsFront(missing_, leg)) {
      GoOn(missing_, leg);
    } else {
      ++changes_.started;
      next_present_.Append(leg, spare_);
    }
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
  static bool IsFront(const LegReader& legs, const TrackedLeg& leg) {
    return legs.front() != nullptr && legs.front()->id == leg.id;
  }

  // A leg that was known. Its larger duration counts.
  void GoOn(LegReader& known, TrackedLeg leg) {
    leg.duration_seconds = std::max(leg.duration_seconds, known.front()->duration_seconds);
    known.Pop();
    next_present_.Append(leg, spare_);
  }

  void MissPresent() {
    next_missing_.Append(*present_.front(), spare_);
    present_.Pop();
  }

  void EndMissing() {
    const TrackedLeg& leg = *missing_.front();
    changes_.completed.Add(leg.id, leg.duration_seconds + half_gap_seconds_);
    missing_.Pop();
  }

  LegReader present_;
  LegReader missing_;
  LegList next_present_;
  LegList next_missing_;
  double half_gap_seconds_;
  SpareLegBlocks& spare_;
  CallChanges& changes_;
};

}  // namespace

CallChanges CallTracker::Update(const SortedLegs& legs, Instant now, const DurationBounds& bounds,
                                SpareLegBlocks& spare) {
  const bool is_baseline = !last_poll_;
  const Duration gap = now - last_poll_.value_or(now);
  CallChanges changes{.completed = DurationHistogram(bounds)};
  Comparison comparison(std::exchange(present_, {}), std::exchange(missing_, {}),
                        legs.fingerprint(), ToSeconds(last_gap_) / 2, spare, changes);
  for (const TrackedLeg& leg : legs.legs()) comparison.See(leg);
  comparison.Finish();

  present_ = comparison.TakePresent();
  missing_ = comparison.TakeMissing();
  last_poll_ = now;
  last_gap_ = gap;
  changes.tracked = present_.size() + missing_.size();
  if (is_baseline) {
    changes.started = 0;
  } else {
    changes.started_estimated = estimator_.Add(legs.legs(), changes.started, gap);
  }
  return changes;
}

}  // namespace telnyx_exporter
