#pragma once

// The legs of one complete poll, summed up: how many legs and sessions there are and how long they
// have lasted. What the metrics show comes from here and from nothing else. The poller asks for it
// once a poll, on the polling thread.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "calls/duration_histogram.h"
#include "calls/sorted_legs.h"

namespace telnyx_exporter {

struct CallSummary {
  std::uint64_t legs = 0;
  /// Absent when a row did not name its session: then their number is unknown.
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

/// Durations in whole seconds, ascending, shared like DurationBounds.
using LongCallThresholds = std::shared_ptr<const std::vector<std::uint32_t>>;

class CallSummarizer {
 public:
  /// Both in seconds and ascending.
  explicit CallSummarizer(std::vector<double> duration_bounds,
                          std::vector<std::uint32_t> long_call_thresholds = {});

  const DurationBounds& duration_bounds() const { return duration_bounds_; }
  const LongCallThresholds& long_call_thresholds() const { return thresholds_; }

  /// Not const only for the sake of its working memory.
  CallSummary Summarize(const SortedLegs& legs);

 private:
  /// Where a duration is counted.
  struct Places {
    std::uint16_t bucket = 0;     // of bucket_counts
    std::uint16_t threshold = 0;  // how many thresholds it is above
  };

  Places Search(std::uint32_t duration_seconds) const;
  std::vector<ExponentialBuckets::Bucket> ExtractDurationBuckets();

  DurationBounds duration_bounds_;
  LongCallThresholds thresholds_;
  std::vector<Places> places_of_second_;
  std::array<std::uint64_t, kDurationBuckets> duration_counts_{};  // all 0 between two polls
};

}  // namespace telnyx_exporter
