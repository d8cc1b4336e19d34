#include "calls/id_grouping.h"

#include <array>
#include <utility>

namespace telnyx_exporter {
namespace {

constexpr unsigned kDigitBits = 8;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
constexpr unsigned kPasses = 32 / kDigitBits;

}  // namespace

void IdGrouping::SortByFingerprint() {
  // One pass over the entries counts the digits of all passes.
  std::array<std::array<std::uint32_t, kDigits>, kPasses> counts{};
  for (const Entry& entry : entries_) {
    for (unsigned pass = 0; pass < kPasses; ++pass) {
      ++counts[pass][(entry.fingerprint >> (pass * kDigitBits)) & (kDigits - 1)];
    }
  }
  scratch_.resize(entries_.size());
  for (unsigned pass = 0; pass < kPasses; ++pass) {
    std::uint32_t position = 0;
    for (std::uint32_t& count : counts[pass]) position += std::exchange(count, position);
    for (const Entry& entry : entries_) {
      scratch_[counts[pass][(entry.fingerprint >> (pass * kDigitBits)) & (kDigits - 1)]++] = entry;
    }
    entries_.swap(scratch_);
  }
}

void IdGrouping::ReleaseMemory() {
  entries_ = {};
  scratch_ = {};
}

}  // namespace telnyx_exporter
