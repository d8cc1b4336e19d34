#include "calls/sorted_legs.h"

#include <algorithm>

namespace telnyx_exporter {
namespace {

// Memory for this many rows, 12 MB, stays for the next poll.
constexpr std::size_t kKeptRows = 300'000;
// Rows lie anywhere in memory, so that each has to be fetched some time before it is needed.
constexpr std::size_t kRowsAhead = 16;

}  // namespace

void SortedLegs::Assign(const CallRows& rows) {
  sessions_ = rows.sessions().transform(
      [this](std::span<const CallId> sessions) { return CountDistinct(sessions); });
  Sort(rows.legs());
  const std::span<const CallId> ids = rows.legs();
  const std::span<const std::uint32_t> durations = rows.durations();
  const std::size_t size = entries_.size();
  legs_.clear();
  legs_.reserve(size);
  for (std::size_t begin = 0; begin < size;) {
    if (begin + kRowsAhead < size) {
      const std::uint32_t later = entries_[begin + kRowsAhead].index;
      __builtin_prefetch(&ids[later]);
      __builtin_prefetch(&durations[later]);
    }
    const auto [fingerprint, row] = entries_[begin];
    std::size_t end = begin + 1;
    if (end < size && entries_[end].fingerprint == fingerprint) [[unlikely]] {
      while (end < size && entries_[end].fingerprint == fingerprint) ++end;
      AppendRun(begin, end, rows);
    } else {
      legs_.push_back(
          {.id = ids[row], .fingerprint = fingerprint, .duration_seconds = durations[row]});
    }
    begin = end;
  }
}

// Rows with the same fingerprint: of one leg, or of several that met in it.
void SortedLegs::AppendRun(std::size_t begin, std::size_t end, const CallRows& rows) {
  const auto first_leg = static_cast<std::ptrdiff_t>(legs_.size());
  for (std::size_t i = begin; i < end; ++i) {
    const auto [fingerprint, row] = entries_[i];
    legs_.push_back({.id = rows.legs()[row],
                     .fingerprint = fingerprint,
                     .duration_seconds = rows.durations()[row]});
  }
  // The longest of a leg's rows first, which is the one that stays.
  std::sort(legs_.begin() + first_leg, legs_.end(),
            [](const TrackedLeg& left, const TrackedLeg& right) {
              return left.id != right.id ? left.id < right.id
                                         : left.duration_seconds > right.duration_seconds;
            });
  legs_.erase(std::unique(legs_.begin() + first_leg, legs_.end(),
                          [](const TrackedLeg& left, const TrackedLeg& right) {
                            return left.id == right.id;
                          }),
              legs_.end());
}

std::uint64_t SortedLegs::CountDistinct(std::span<const CallId> ids) {
  Sort(ids);
  std::uint64_t count = 0;
  for (auto begin = entries_.begin(); begin != entries_.end();) {
    auto end = begin + 1;
    while (end != entries_.end() && end->fingerprint == begin->fingerprint) ++end;
    if (end - begin > 1) [[unlikely]] {
      const auto id_of = [&](const FingerprintEntry& entry) -> CallId { return ids[entry.index]; };
      std::ranges::sort(begin, end, {}, id_of);
      const auto same = std::ranges::unique(begin, end, {}, id_of);
      count += static_cast<std::uint64_t>(same.begin() - begin);
    } else {
      ++count;
    }
    begin = end;
  }
  return count;
}

void SortedLegs::Sort(std::span<const CallId> ids) {
  entries_.resize(ids.size());
  for (std::uint32_t i = 0; i < ids.size(); ++i) entries_[i] = {fingerprint_(ids[i]), i};
  SortByFingerprint(entries_, scratch_);
}

void SortedLegs::Trim() {
  if (legs_.capacity() <= kKeptRows) return;
  // Not {}, which would take out the elements and keep the memory.
  legs_ = std::vector<TrackedLeg>();
  entries_ = std::vector<FingerprintEntry>();
  scratch_ = std::vector<FingerprintEntry>();
}

}  // namespace telnyx_exporter
