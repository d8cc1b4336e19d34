#include "calls/sorted_legs.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace telnyx_exporter {
namespace {

// Memory for this many rows, 4.8 MB, or 6 MB after repeated legs, stays for the next poll: the
// system's page faults take longer than sorting.
constexpr std::size_t kKeptRows = 300'000;

}  // namespace

void SortedLegs::Assign(CallRows rows) {
  rows_ = std::move(rows);
  sessions_.reset();
  if (const auto sessions = rows_.sessions()) {
    Sort(*sessions);
    KeepDistinct(*sessions, {});
    sessions_ = entries_.size();
  }
  Sort(rows_.legs());
  KeepDistinct(rows_.legs(), rows_.durations());
  if (entries_.size() < rows_.size()) {
    durations_.clear();
    durations_.reserve(entries_.size());
    for (const TrackedLeg leg : legs()) durations_.push_back(leg.duration_seconds);
  }
}

void SortedLegs::Sort(std::span<const CallId> ids) {
  entries_.resize(ids.size());
  for (std::uint32_t i = 0; i < ids.size(); ++i) entries_[i] = {fingerprint_(ids[i]), i};
  SortByFingerprint(entries_, scratch_);
}

// Entries with the same fingerprint are of one id, or of several that met in it. Of each id the one
// with the longest duration stays.
void SortedLegs::KeepDistinct(std::span<const CallId> ids,
                              std::span<const std::uint32_t> durations) {
  const auto id_of = [&](const FingerprintEntry& entry) -> const CallId& {
    return ids[entry.index];
  };
  const auto comes_before = [&](const FingerprintEntry& left, const FingerprintEntry& right) {
    if (id_of(left) != id_of(right)) return id_of(left) < id_of(right);
    return !durations.empty() && durations[left.index] > durations[right.index];
  };
  const auto meets = [](const FingerprintEntry& left, const FingerprintEntry& right) {
    return left.fingerprint == right.fingerprint;
  };
  auto kept = std::ranges::adjacent_find(entries_, meets);
  for (auto begin = kept; begin != entries_.end();) {
    const auto end =
        std::ranges::find_if_not(begin, entries_.end(), std::bind_front(meets, *begin));
    std::sort(begin, end, comes_before);
    const auto repeated = std::ranges::unique(begin, end, {}, id_of);
    kept = kept == begin ? repeated.begin() : std::move(begin, repeated.begin(), kept);
    begin = end;
  }
  entries_.erase(kept, entries_.end());
}

CallRows SortedLegs::Release() {
  entries_.clear();
  // Not {}, which would keep the memory.
  if (entries_.capacity() > kKeptRows) {
    entries_ = std::vector<FingerprintEntry>();
    scratch_ = std::vector<FingerprintEntry>();
    durations_ = std::vector<std::uint32_t>();
  }
  return std::exchange(rows_, {});
}

}  // namespace telnyx_exporter
