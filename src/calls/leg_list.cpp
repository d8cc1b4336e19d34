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
  block.reserve(kBlockLegs);
  return block;
}

void SpareLegBlocks::Give(LegBlock block) {
  if (block.capacity() != kBlockLegs || blocks_.size() == kMostSpareBlocks) return;
  block.clear();
  blocks_.push_back(std::move(block));
}

void LegList::ShrinkToFit(SpareLegBlocks& spare) {
  if (size_ % SpareLegBlocks::kBlockLegs == 0) return;
  LegBlock& last = blocks_.back();
  LegBlock exact(last.begin(), last.end());
  spare.Give(std::exchange(last, std::move(exact)));
}

LegReader::LegReader(LegList list, SpareLegBlocks& spare)
    : blocks_(std::move(list.blocks_)), spare_(spare) {
  OpenNextBlock();
}

void LegReader::OpenNextBlock() {
  if (opened_ > 0) spare_.Give(std::move(blocks_[opened_ - 1]));
  front_ = nullptr;
  if (opened_ == blocks_.size()) return;
  const LegBlock& block = blocks_[opened_++];
  front_ = block.data();
  block_end_ = front_ + block.size();
}

}  // namespace telnyx_exporter
