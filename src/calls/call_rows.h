#pragma once

// All rows of one poll, in little memory: a poll under way collects them page by page, and when it
// is complete it is summed up and compared with the one before from here. The few longest calls are
// kept whole, for people to look at. On the polling thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "telnyx/active_call.h"

namespace telnyx_exporter {

/// Each row has 20 bytes for its leg, and 16 more if its session is not that of the row before.
class CallRows {
 public:
  CallRows() = default;
  explicit CallRows(std::span<const ActiveCall> rows) { Add(rows); }

  void Add(std::span<const ActiveCall> rows);

  std::size_t size() const { return legs_.size(); }
  std::span<const CallId> legs() const { return legs_; }
  /// Of the same rows, in seconds.
  std::span<const std::uint32_t> durations() const { return durations_; }
  /// Every session at least once, but not once for each of its rows: those that follow each other
  /// count as one. Nothing when a row did not name its session.
  std::optional<std::span<const CallId>> sessions() const;

  void Reserve(std::size_t rows);
  /// For how many rows there is memory.
  std::size_t capacity() const { return legs_.capacity(); }
  /// Takes all rows out; their memory stays.
  void Clear();

 private:
  std::vector<CallId> legs_;
  std::vector<std::uint32_t> durations_;
  std::vector<CallId> sessions_;
  bool all_name_session_ = true;
};

/// How many of a poll's calls are kept one by one, for people to look at.
inline constexpr std::size_t kLongestCallsKept = 10;

/// The legs of a poll that have lasted longest, at most kLongestCallsKept; of several rows of one
/// leg the longest, which is the newest.
class LongestCalls {
 public:
  /// The next rows of the poll.
  void Add(std::span<const ActiveCall> rows);
  /// The longest first.
  std::vector<ActiveCall> Sorted() const;

 private:
  void Offer(const ActiveCall& row);
  bool full() const { return kept_.size() == kLongestCallsKept; }

  // In no order. The shortest of them is what a further call must exceed; most do not, and cost one
  // comparison.
  std::vector<ActiveCall> kept_;
  std::size_t shortest_ = 0;  // its place, when full
};

}  // namespace telnyx_exporter
