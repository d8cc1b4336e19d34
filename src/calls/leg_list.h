#pragma once

// The legs of one poll, kept to be compared with the next one. CallTracker has two such lists, on
// the polling thread. They lie in blocks: while one list is read and another one is written, the
// blocks that were read are written again, so that both together need hardly more memory than one.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "calls/sorted_legs.h"
#include "telnyx/call_id.h"

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
  LegBlock Take();
  /// Keeps the block for Take, or gives its memory back when there are enough already.
  void Give(LegBlock block);

 private:
  std::vector<LegBlock> blocks_;
};

class LegList {
 public:
  std::size_t size() const { return size_; }

  /// Appends `leg`.
  void Append(const TrackedLeg& leg, SpareLegBlocks& spare) {
    if (size_ % SpareLegBlocks::kBlockLegs == 0) blocks_.push_back(spare.Take());
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

}  // namespace telnyx_exporter
