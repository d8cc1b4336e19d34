#pragma once

// Sorts the rows of a poll by 32-bit fingerprints of their ids. A radix sort, because it takes half
// the time of comparing for ten thousand rows and a third for a quarter of a million, and because
// its time does not depend on the ids. SortedLegs calls it, on the polling thread.

#include <cstdint>
#include <vector>

namespace telnyx_exporter {

/// An id by its index among those that were given.
struct FingerprintEntry {
  std::uint32_t fingerprint;
  std::uint32_t index;
};

/// By ascending fingerprint, and entries with the same one in the order in which they came. Keeps
/// its working memory in `scratch`.
void SortByFingerprint(std::vector<FingerprintEntry>& entries,
                       std::vector<FingerprintEntry>& scratch);

}  // namespace telnyx_exporter
