#include "calls/radix_sort.h"

#include <algorithm>
#include <array>
#include <utility>

namespace telnyx_exporter {
namespace {

// Fewer entries are sorted by comparing: to count digits takes longer.
constexpr std::size_t kFewEntries = 64;
// From here on three passes over the entries with many digits are quicker than four with few.
constexpr std::size_t kManyEntries = 4096;

using Entries = std::vector<FingerprintEntry>;

template <unsigned kDigitBits>
void SortByDigits(Entries& entries, Entries& scratch) {
  constexpr std::uint32_t kDigits = std::uint32_t{1} << kDigitBits;
  constexpr unsigned kPasses = (32 + kDigitBits - 1) / kDigitBits;
  const auto digit = [](const FingerprintEntry& entry, unsigned pass) {
    return (entry.fingerprint >> (pass * kDigitBits)) & (kDigits - 1);
  };
  // One pass over the entries counts the digits of all passes.
  std::array<std::array<std::uint32_t, kDigits>, kPasses> counts{};
  for (const auto& entry : entries) {
    for (unsigned pass = 0; pass < kPasses; ++pass) ++counts[pass][digit(entry, pass)];
  }
  scratch.resize(entries.size());
  for (unsigned pass = 0; pass < kPasses; ++pass) {
    std::uint32_t position = 0;
    for (std::uint32_t& count : counts[pass]) position += std::exchange(count, position);
    for (const auto& entry : entries) scratch[counts[pass][digit(entry, pass)]++] = entry;
    entries.swap(scratch);
  }
}

}  // namespace

void SortByFingerprint(Entries& entries, Entries& scratch) {
  if (entries.size() <= kFewEntries) {
    std::ranges::sort(entries, {}, [](const FingerprintEntry& entry) {
      return std::pair(entry.fingerprint, entry.index);
    });
  } else if (entries.size() < kManyEntries) {
    SortByDigits<8>(entries, scratch);
  } else {
    SortByDigits<11>(entries, scratch);
  }
}

}  // namespace telnyx_exporter
