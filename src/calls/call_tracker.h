#pragma once

// What happened to a connection's calls between its polls: which legs are new and which have ended,
// how long those lasted, and how many began that no poll saw. The poller has one for each
// connection and feeds it every complete poll, on the polling thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "calls/duration_histogram.h"
#include "calls/sorted_legs.h"
#include "telnyx/active_call.h"

namespace telnyx_exporter {

/// 20 bytes a leg: fingerprints are recomputed.
struct LegBlock {
  std::vector<CallId> ids;
  std::vector<std::uint32_t> durations;

  std::size_t size() const { return ids.size(); }
};

/// A few blocks that are not in use, shared by all lists of a thread.
class SpareLegBlocks {
 public:
  static constexpr std::size_t kBlockLegs = 256;

  /// An empty block with room for kBlockLegs.
  LegBlock Acquire();
  /// Keeps the block for Acquire, or gives its memory back when there are enough already.
  void Give(LegBlock block);

 private:
  std::vector<LegBlock> blocks_;
};

/// The legs of one poll, kept to be compared with the next one. They lie in blocks: while one list
/// is read and another one is written, the blocks that were read are written again, so that both
/// together need hardly more memory than one.
class LegList {
 public:
  std::size_t size() const { return size_; }

  /// Appends `leg`.
  void Append(const TrackedLeg& leg, SpareLegBlocks& spare) {
    if (size_ % SpareLegBlocks::kBlockLegs == 0) blocks_.push_back(spare.Acquire());
    LegBlock& last = blocks_.back();
    last.ids.push_back(leg.id);
    last.durations.push_back(leg.duration_seconds);
    ++size_;
  }
  /// After the last Append: gives back what the last block does not need.
  void ShrinkToFit(SpareLegBlocks& spare);

 private:
  friend class LegReader;

  std::vector<LegBlock> blocks_;  // all full but the last
  std::size_t size_ = 0;
};

/// Reads a list from its front and uses it up.
class LegReader {
 public:
  LegReader(LegList list, IdFingerprint fingerprint, SpareLegBlocks& spare);

  /// Null at the end. Until the next Pop.
  const TrackedLeg* front() const { return at_end_ ? nullptr : &front_; }
  void Pop() {
    if (++position_ == block_.size()) {
      OpenNextBlock();
    } else {
      ReadFront();
    }
  }

 private:
  void OpenNextBlock();
  void ReadFront() {
    const CallId& id = block_.ids[position_];
    front_ = {
        .id = id, .fingerprint = fingerprint_(id), .duration_seconds = block_.durations[position_]};
  }

  std::vector<LegBlock> blocks_;
  IdFingerprint fingerprint_;
  SpareLegBlocks& spare_;
  std::size_t opened_ = 0;  // of the blocks
  LegBlock block_;          // the one that is read
  std::size_t position_ = 0;
  TrackedLeg front_;
  bool at_end_ = false;
};

/// If legs start at the rate r and a share S(a) of them lasts longer than a, then r·S(a) legs of
/// age a are active at any moment. S(0) is 1: so their density near age 0 is the rate of all
/// starts, however far apart the polls are. A single poll tells it with much noise. So what is kept
/// is how many times more starts the density told than legs were seen to start, over the last
/// several thousand legs, and the legs that a poll saw start are multiplied by that.
class StartEstimator {
 public:
  /// Legs younger than this are looked at: a straight line through their density by whole seconds
  /// is extended to age 0.
  static constexpr std::size_t kWindowSeconds = 12;

  /// Takes in a poll `gap` after the one before, which saw `started` legs for the first time.
  /// `density` is the sum of DensityNearZeroOf all its legs. Returns the estimate of how many
  /// started: never fewer than `started`.
  double Add(double density, std::uint64_t started, Duration gap);
  /// The same by what is known already, and nothing is learnt: how many calls a poll misses depends
  /// on the time since the one before, and that was unlike the others.
  double Estimate(std::uint64_t started) const;

 private:
  // By density and as seen, both fading. They begin as if a few legs had started and all been seen,
  // so that the first legs of a connection do not decide alone.
  static constexpr double kInitialLegs = 20;
  double told_ = kInitialLegs;
  double seen_ = kInitialLegs;
};

/// What a leg of that duration adds to the legs per second of age near age 0.
double DensityNearZeroOf(std::uint32_t duration_seconds);

/// What one complete poll added to what is known.
struct CallChanges {
  std::uint64_t started = 0;
  DurationHistogram completed;
  std::uint64_t tracked = 0;     // legs that the tracker knows now
  double started_estimated = 0;  // all legs that started, those included that no poll saw
};

/// A leg has ended when two complete polls in a row were without it: a single one may have missed
/// it, since the pages of a poll are not a snapshot. Its end is taken to be half-way between the
/// last poll that saw it and the first that did not; of an outage only one interval counts. Until
/// then a leg is the same one whatever its duration does, and the largest that was seen counts: the
/// API's replicas may be a second apart.
class CallTracker {
 public:
  /// Takes in a complete poll that ended at `now`; polls were due once in `interval` before it.
  /// `legs` have one and the same fingerprint for the tracker's whole life. The first poll is the
  /// baseline: nothing has started or ended.
  CallChanges Update(const SortedLegs& legs, Instant now, Duration interval,
                     const DurationBounds& bounds, SpareLegBlocks& spare);

 private:
  LegList present_;  // in the last poll
  LegList missing_;  // in the poll before the last, but not in the last
  std::optional<Instant> last_poll_;
  Duration last_interval_{};  // at the last poll
  Duration counted_gap_{};    // what the time between the last poll and the one before is taken for
  StartEstimator estimator_;
};

}  // namespace telnyx_exporter
