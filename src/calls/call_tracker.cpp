#include "calls/call_tracker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace telnyx_exporter {
namespace {

// Reading and writing go on at about the same pace, so a few blocks are enough.
constexpr std::size_t kMostSpareBlocks = 4;

// How many legs that were seen to start are remembered. More would be smoother, but would carry
// what a crowd of short calls told over to the long calls after it for longer.
constexpr double kMemoryLegs = 3'000;

// A gap so many times longer than the interval is an outage, not a failed poll or two.
constexpr int kLongGap = 4;

// Of each whole second's legs in the value at age 0 of the straight line through all of them (least
// squares; second d holds the ages around d + 1/2).
constexpr std::array<double, StartEstimator::kWindowSeconds> kWeights = [] {
  constexpr double kSize = StartEstimator::kWindowSeconds;
  constexpr double kMiddle = kSize / 2;
  constexpr double kSquares = kSize * (kSize * kSize - 1) / 12;
  std::array<double, StartEstimator::kWindowSeconds> weights{};
  for (std::size_t d = 0; d < weights.size(); ++d) {
    weights[d] = 1 / kSize + kMiddle * (kMiddle - (static_cast<double>(d) + 0.5)) / kSquares;
  }
  return weights;
}();

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

LegBlock SpareLegBlocks::Acquire() {
  LegBlock block;
  if (!blocks_.empty()) {
    block = std::move(blocks_.back());
    blocks_.pop_back();
  }
  block.ids.reserve(kBlockLegs);
  block.durations.reserve(kBlockLegs);
  return block;
}

void SpareLegBlocks::Give(LegBlock block) {
  if (block.ids.capacity() != kBlockLegs || blocks_.size() == kMostSpareBlocks) return;
  block.ids.clear();
  block.durations.clear();
  blocks_.push_back(std::move(block));
}

void LegList::ShrinkToFit(SpareLegBlocks& spare) {
  if (size_ % SpareLegBlocks::kBlockLegs == 0) return;
  LegBlock& last = blocks_.back();
  LegBlock exact{.ids = {last.ids.begin(), last.ids.end()},
                 .durations = {last.durations.begin(), last.durations.end()}};
  spare.Give(std::exchange(last, std::move(exact)));
}

LegReader::LegReader(LegList list, IdFingerprint fingerprint, SpareLegBlocks& spare)
    : blocks_(std::move(list.blocks_)), fingerprint_(fingerprint), spare_(spare) {
  OpenNextBlock();
}

void LegReader::OpenNextBlock() {
  spare_.Give(std::exchange(block_, {}));
  at_end_ = opened_ == blocks_.size();
  if (at_end_) return;
  block_ = std::move(blocks_[opened_++]);
  position_ = 0;
  ReadFront();
}

double DensityNearZeroOf(std::uint32_t duration_seconds) {
  return duration_seconds < kWeights.size() ? kWeights[duration_seconds] : 0;
}

double StartEstimator::Add(double density, std::uint64_t started, Duration gap) {
  const auto seen = static_cast<double>(started);
  const double kept = std::exp(-seen / kMemoryLegs);
  told_ = told_ * kept + density * ToSeconds(gap);
  seen_ = seen_ * kept + seen;
  return Estimate(started);
}

double StartEstimator::Estimate(std::uint64_t started) const {
  return static_cast<double>(started) * std::max(1.0, told_ / seen_);
}

CallChanges CallTracker::Update(const SortedLegs& legs, Instant now, Duration interval,
                                const DurationBounds& bounds, SpareLegBlocks& spare) {
  const bool is_baseline = !last_poll_;
  const Duration gap = now - last_poll_.value_or(now);
  CallChanges changes{.completed = DurationHistogram(bounds)};
  Comparison comparison(std::exchange(present_, {}), std::exchange(missing_, {}),
                        legs.fingerprint(), ToSeconds(counted_gap_) / 2, spare, changes);
  double density = 0;
  for (const TrackedLeg leg : legs.legs()) {
    comparison.See(leg);
    density += DensityNearZeroOf(leg.duration_seconds);
  }
  comparison.Finish();

  present_ = comparison.TakePresent();
  missing_ = comparison.TakeMissing();
  last_poll_ = now;
  // The interval may have changed between the two.
  const Duration expected = std::max(interval, std::exchange(last_interval_, interval));
  const bool is_outage = gap > kLongGap * expected;
  counted_gap_ = is_outage ? expected : gap;
  changes.tracked = present_.size() + missing_.size();
  if (is_baseline) {
    changes.started = 0;
  } else {
    changes.started_estimated = is_outage ? estimator_.Estimate(changes.started)
                                          : estimator_.Add(density, changes.started, gap);
  }
  return changes;
}

}  // namespace telnyx_exporter
