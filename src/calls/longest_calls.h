#pragma once

// The few calls of a poll that have lasted longest, for people to look at. A poll adds its pages to
// it, on the polling thread.

#include <cstddef>
#include <span>
#include <vector>

#include "telnyx/active_call.h"

namespace telnyx_exporter {

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
