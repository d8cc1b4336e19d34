#pragma once

// The legs of one poll, kept to be compared with the next one. They lie in blocks: while one list
// is read and another one is written, the blocks that were read are written again, so that both
// together need hardly more memory than one.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "telnyx/call_id.h"

namespace telnyx_exporter {

struct TrackedLeg {
  CallId id;
  std::uint32_t fingerprint = 0;
  std::uint32_t duration_seconds = 0;  // when it was seen last

  /// The order of every list.
  bool ComesBefore(const TrackedLeg& other) const {
    return fingerprint != other.fingerprint ? fingerprint < other.fingerprint : id < other.id;
  }
};

using LegBlock = std::vector<TrackedLeg>;

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

  /// `leg` comes behind all that are there already.
  void Append(const TrackedLeg& leg, SpareLegBlocks& spare) {
    if (size_ % SpareLegBlocks::kBlockLegs == 0) blocks_.push_back(spare.Take());
    blocks_.back().push_back(leg);
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
  LegReader(LegList list, SpareLegBlocks& spare);

  /// Null at the end. Until the next Pop.
  const TrackedLeg* front() const { return front_; }
  void Pop() {
    if (++front_ == block_end_) OpenNextBlock();
  }

 private:
  void OpenNextBlock();

  std::vector<LegBlock> blocks_;
  std::size_t opened_ = 0;  // blocks
  const TrackedLeg* front_ = nullptr;
  const TrackedLeg* block_end_ = nullptr;
  SpareLegBlocks& spare_;
};

}  // namespace telnyx_exporter
