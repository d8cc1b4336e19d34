#pragma once

// All rows of one complete poll, summed up: how many legs and sessions there are and how long they
// have lasted. What the metrics show comes from here and from nothing else.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "calls/call_rows.h"
#include "calls/duration_bounds.h"
#include "calls/duration_buckets.h"
#include "calls/id_grouping.h"

namespace telnyx_exporter {

struct CallSummary {
  std::uint64_t legs = 0;
  /// Absent when a row did not name its session: then nobody knows how many there are.
  std::optional<std::uint64_t> sessions = 0;
  std::uint32_t longest_seconds = 0;  // 0 with no legs
  std::uint64_t total_seconds = 0;    // of all legs together
  /// Legs by duration: for each bound those up to it and above the bound before, and at the end
  /// those above the last bound.
  std::vector<std::uint64_t> bucket_counts;
  /// The same legs in exponential buckets, ascending and without empty ones, and apart from them
  /// those of 0 s.
  std::vector<ExponentialBuckets::Bucket> duration_buckets;
  std::uint64_t zero_seconds_legs = 0;
  /// Legs that have lasted longer than each of the thresholds, in their order.
  std::vector<std::uint64_t> longer_than;

  bool operator==(const CallSummary&) const = default;
};

class CallSummarizer {
 public:
  /// `duration_bounds` in seconds, ascending. `fingerprint` as for IdGrouping.
  CallSummarizer(std::vector<double> duration_bounds, IdFingerprint fingerprint);

  const DurationBounds& duration_bounds() const { return duration_bounds_; }

  /// Is lent the grouping of all rows' legs.
  using UseLegOrder = std::function<void(const IdGrouping&)>;

  /// Counts every call_leg_id once, whatever the number of its rows; of several durations of one
  /// leg the longest, which is the newest. Whoever needs the order that the counting takes, too,
  /// gets it by `use_leg_order`. Keeps its working memory for the next poll.
  CallSummary Summarize(const CallRows& rows, const UseLegOrder& use_leg_order = {});

 private:
  void Count(std::uint32_t duration_seconds, CallSummary& summary);
  void TakeOut(std::uint32_t duration_seconds, CallSummary& summary);
  std::size_t BucketOf(std::uint32_t duration_seconds) const;
  std::uint64_t& ExponentialCountOf(std::uint32_t duration_seconds, CallSummary& summary);
  std::vector<ExponentialBuckets::Bucket> TakeDurationBuckets();
  void TakeOutRepeatedLegs(const CallRows& rows, CallSummary& summary);
  std::uint64_t CountSessions(std::span<const CallId> sessions);

  DurationBounds duration_bounds_;
  std::vector<std::uint16_t> bucket_of_second_;
  IdGrouping grouping_;
  std::array<std::uint64_t, kDurationBuckets> duration_counts_{};  // all 0 between two polls
};

}  // namespace telnyx_exporter
