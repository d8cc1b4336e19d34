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

/// 32 bits of an id that depend on all of its 128.
class IdFingerprint {
 public:
  /// `key` scatters the fingerprints; random in production, fixed in tests.
  explicit IdFingerprint(std::uint64_t key) : key_(key) {}

  std::uint32_t operator()(const CallId& id) const {
    // Ids made from the time differ in few bits, each of which must reach every bit of the result.
    constexpr std::uint64_t kFirstOdd = 0x9e3779b97f4a7c15ULL;
    constexpr std::uint64_t kSecondOdd = 0xbf58476d1ce4e5b9ULL;
    std::uint64_t mixed = (id.high ^ key_) * kFirstOdd;
    mixed = (mixed ^ (mixed >> 32U) ^ id.low) * kSecondOdd;
    mixed = (mixed ^ (mixed >> 29U) ^ key_) * kFirstOdd;
    return static_cast<std::uint32_t>(mixed >> 32U);
  }

 private:
  std::uint64_t key_;
};

class IdGrouping {
 public:
  explicit IdGrouping(IdFingerprint fingerprint) : fingerprint_(fingerprint) {}

  const IdFingerprint& fingerprint() const { return fingerprint_; }

  /// An id by its place among those that were given.
  struct Entry {
    std::uint32_t fingerprint;
    std::uint32_t index;
  };

  /// Calls `visit(std::span<const Entry>)` once for each distinct id, with all the places where it
  /// stands.
  template <typename Visit>
  void Group(std::span<const CallId> ids, Visit visit);

  /// After Group: all entries by ascending fingerprint, those with the same one by ascending
  /// id.
  std::span<const Entry> entries() const { return entries_; }

  /// Gives back the memory that a large poll needed.
  void ReleaseMemory();

 private:
  template <typename Visit>
  static void VisitGroups(std::span<const CallId> ids, std::span<Entry> entries, Visit& visit);

  void SortByFingerprint();

  IdFingerprint fingerprint_;
  std::vector<Entry> entries_;
  std::vector<Entry> scratch_;
};

template <typename Visit>
void IdGrouping::Group(std::span<const CallId> ids, Visit visit) {
  entries_.resize(ids.size());
  for (std::uint32_t i = 0; i < ids.size(); ++i) entries_[i] = {fingerprint_(ids[i]), i};
  SortByFingerprint();
  for (std::size_t begin = 0; begin < entries_.size();) {
    std::size_t end = begin + 1;
    while (end < entries_.size() && entries_[end].fingerprint == entries_[begin].fingerprint) ++end;
    VisitGroups(ids, std::span<Entry>(entries_).subspan(begin, end - begin), visit);
    begin = end;
  }
}

template <typename Visit>
void IdGrouping::VisitGroups(std::span<const CallId> ids, std::span<Entry> entries, Visit& visit) {
  if (entries.size() == 1) {
    visit(std::span<const Entry>(entries));
    return;
  }
  const auto id_of_entry = [&](const Entry& entry) -> CallId { return ids[entry.index]; };
  const auto end_of_first_group = [&] {
    return std::ranges::find_if_not(
        entries, [id = id_of_entry(entries.front())](const CallId& other) { return other == id; },
        id_of_entry);
  };
  auto end = end_of_first_group();
  if (end != entries.end()) {
    // Different ids met in one fingerprint: sorting brings each id's entries together.
    std::ranges::sort(entries, {}, id_of_entry);
    end = end_of_first_group();
  }
  for (;; end = end_of_first_group()) {
    visit(std::span<const Entry>(entries.begin(), end));
    entries = std::span<Entry>(end, entries.end());
    if (entries.empty()) return;
  }
}

}  // namespace telnyx_exporter
