#pragma once

// Brings equal ids together without comparing each with all: by a radix sort over short keyed
// fingerprints. Its time does not depend on the ids, so nobody can choose ids that make it slow;
// ids are taken for equal only when all of their 128 bits are.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "telnyx/call_id.h"

namespace telnyx_exporter {

class IdGrouping {
 public:
  /// `key` scatters the fingerprints; random in production, fixed in tests.
  explicit IdGrouping(std::uint64_t key) : key_(key) {}

  void Clear() { entries_.clear(); }
  void Reserve(std::size_t count) { entries_.reserve(count); }
  /// Adds the id of the item `index`.
  void Add(const CallId& id, std::uint32_t index) { entries_.push_back({Fingerprint(id), index}); }

  /// Calls `visit(std::span<const std::uint32_t> indices)` once for each distinct id, with all the
  /// items that have it; `id_of(index)` is asked for ids again to settle equal fingerprints.
  template <typename IdOf, typename Visit>
  void ForEachGroup(IdOf id_of, Visit visit);

  /// Gives back the memory that a large poll needed.
  void ReleaseMemory();

 private:
  struct Entry {
    std::uint32_t fingerprint;
    std::uint32_t index;
  };

  std::uint32_t Fingerprint(const CallId& id) const;
  void SortByFingerprint();

  std::uint64_t key_;
  std::vector<Entry> entries_;
  std::vector<Entry> scratch_;
  std::vector<std::uint32_t> indices_;
};

inline std::uint32_t IdGrouping::Fingerprint(const CallId& id) const {
  // Ids made from the time differ in few bits, each of which must reach every bit of the result.
  constexpr std::uint64_t kFirstOdd = 0x9e3779b97f4a7c15ULL;
  constexpr std::uint64_t kSecondOdd = 0xbf58476d1ce4e5b9ULL;
  std::uint64_t mixed = (id.high ^ key_) * kFirstOdd;
  mixed = (mixed ^ (mixed >> 32U) ^ id.low) * kSecondOdd;
  mixed = (mixed ^ (mixed >> 29U) ^ key_) * kFirstOdd;
  return static_cast<std::uint32_t>(mixed >> 32U);
}

template <typename IdOf, typename Visit>
void IdGrouping::ForEachGroup(IdOf id_of, Visit visit) {
  SortByFingerprint();
  for (std::size_t begin = 0; begin < entries_.size();) {
    std::size_t end = begin + 1;
    while (end < entries_.size() && entries_[end].fingerprint == entries_[begin].fingerprint) ++end;
    if (end - begin == 1) {
      visit(std::span<const std::uint32_t>(&entries_[begin].index, 1));
    } else {
      indices_.clear();
      for (std::size_t i = begin; i < end; ++i) indices_.push_back(entries_[i].index);
      std::ranges::stable_sort(indices_, {}, id_of);
      for (auto first = indices_.begin(); first != indices_.end();) {
        auto last = first + 1;
        while (last != indices_.end() && id_of(*last) == id_of(*first)) ++last;
        visit(std::span<const std::uint32_t>(first, last));
        first = last;
      }
    }
    begin = end;
  }
}

}  // namespace telnyx_exporter
