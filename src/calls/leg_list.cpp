#include "calls/leg_list.h"

namespace telnyx_exporter {
namespace {

// Reading and writing go on at about the same pace, so a few blocks are enough.
constexpr std::size_t kMostSpareBlocks = 4;

}  // namespace

LegBlock SpareLegBlocks::Take() {
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

}  // namespace telnyx_exporter
