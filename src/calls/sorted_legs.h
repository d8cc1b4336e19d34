#pragma once

// The distinct legs of one complete poll, in an order that is the same for every poll, so that two
// polls can be compared side by side. The poller fills it once a poll, on the polling thread;
// CallSummarizer and CallTracker read it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <vector>

#include "calls/call_rows.h"
#include "calls/radix_sort.h"
#include "telnyx/active_call.h"

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

/// One leg, once for all of its rows.
struct TrackedLeg {
  CallId id;
  std::uint32_t fingerprint = 0;
  std::uint32_t duration_seconds = 0;  // the longest of its rows

  /// The order of SortedLegs and of every LegList.
  bool ComesBefore(const TrackedLeg& other) const {
    return fingerprint != other.fingerprint ? fingerprint < other.fingerprint : id < other.id;
  }
};

class SortedLegs {
 public:
  /// Orders by this fingerprint, which cannot be computed without the process's key: no one can
  /// choose ids that make sorting slow. Ids are taken for equal only when all of their 128 bits
  /// are.
  explicit SortedLegs(IdFingerprint fingerprint) : fingerprint_(fingerprint) {}

  /// Replaces what is there by the legs of these rows, and keeps the rows until Release.
  void Assign(CallRows rows);
  /// After this poll's legs were used: takes them out and gives the rows back. The memory is used
  /// again for the next poll, but not that of an extraordinary one.
  CallRows Release();

  const IdFingerprint& fingerprint() const { return fingerprint_; }
  /// In their order. Each is assembled when it is read: a list of them would take more memory than
  /// the rows.
  auto legs() const {
    return entries_ |
           std::views::transform([this](const FingerprintEntry& entry) { return LegOf(entry); });
  }
  /// Of the same legs, in any order.
  std::span<const std::uint32_t> durations_seconds() const {
    return entries_.size() == rows_.size() ? rows_.durations() : durations_;
  }
  /// Distinct ones; absent when a row did not name its session: then their number is unknown.
  std::optional<std::uint64_t> sessions() const { return sessions_; }

 private:
  // Rows lie anywhere in memory, so that each has to be fetched some time before it is needed.
  static constexpr std::ptrdiff_t kRowsAhead = 16;

  TrackedLeg LegOf(const FingerprintEntry& entry) const {
    if (&entries_.back() - &entry >= kRowsAhead) {
      const std::uint32_t later = (&entry)[kRowsAhead].index;
      __builtin_prefetch(&rows_.legs()[later]);
      __builtin_prefetch(&rows_.durations()[later]);
    }
    return {.id = rows_.legs()[entry.index],
            .fingerprint = entry.fingerprint,
            .duration_seconds = rows_.durations()[entry.index]};
  }

  void Sort(std::span<const CallId> ids);
  void KeepDistinct(std::span<const CallId> ids, std::span<const std::uint32_t> durations);

  IdFingerprint fingerprint_;
  CallRows rows_;
  std::optional<std::uint64_t> sessions_;
  std::vector<FingerprintEntry> entries_;  // one for each leg: the row that counts
  std::vector<FingerprintEntry> scratch_;
  std::vector<std::uint32_t> durations_;  // of the legs, where there are rows besides
};

}  // namespace telnyx_exporter
