#pragma once

// All rows of one poll, in little memory: a poll under way collects them page by page, and when it
// is complete it is summed up and compared with the one before from here.

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

}  // namespace telnyx_exporter
