#include "calls/call_summary.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {
namespace {

// Working memory for this many rows, 5 MB, stays for the next poll.
constexpr std::size_t kKeptRows = 300'000;

// The buckets of durations below this many seconds are looked up: four hours, the longest that most
// calls can last.
constexpr std::uint32_t kTabledSeconds = 4 * 3600;

std::size_t SearchBucket(const std::vector<double>& bounds, std::uint32_t seconds) {
  return static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) - bounds.begin());
}

}  // namespace

CallSummarizer::CallSummarizer(std::vector<double> duration_bounds, IdFingerprint fingerprint)
    : duration_bounds_(std::make_shared<const std::vector<double>>(std::move(duration_bounds))),
      grouping_(fingerprint) {
  for (std::uint32_t seconds = 0; seconds < kTabledSeconds; ++seconds) {
    bucket_of_second_.push_back(
        static_cast<std::uint16_t>(SearchBucket(*duration_bounds_, seconds)));
  }
}

CallSummary CallSummarizer::Summarize(const CallRows& rows, const UseLegOrder& use_leg_order) {
  CallSummary summary;
  summary.bucket_counts.resize(duration_bounds_->size() + 1);
  for (const std::uint32_t duration : rows.durations()) {
    Count(duration, summary);
    summary.longest_seconds = std::max(summary.longest_seconds, duration);
  }
  summary.sessions = rows.sessions().transform(
      [this](std::span<const CallId> sessions) { return CountSessions(sessions); });
  TakeOutRepeatedLegs(rows, summary);
  summary.duration_buckets = TakeDurationBuckets();
  if (use_leg_order) use_leg_order(grouping_);
  if (rows.size() > kKeptRows) grouping_.ReleaseMemory();
  return summary;
}

void CallSummarizer::Count(std::uint32_t duration_seconds, CallSummary& summary) {
  ++summary.bucket_counts[BucketOf(duration_seconds)];
  ++ExponentialCountOf(duration_seconds, summary);
  ++summary.legs;
  summary.total_seconds += duration_seconds;
}

void CallSummarizer::TakeOut(std::uint32_t duration_seconds, CallSummary& summary) {
  --summary.bucket_counts[BucketOf(duration_seconds)];
  --ExponentialCountOf(duration_seconds, summary);
  --summary.legs;
  summary.total_seconds -= duration_seconds;
}

std::size_t CallSummarizer::BucketOf(std::uint32_t duration_seconds) const {
  if (duration_seconds < bucket_of_second_.size()) return bucket_of_second_[duration_seconds];
  return SearchBucket(*duration_bounds_, duration_seconds);
}

std::uint64_t& CallSummarizer::ExponentialCountOf(std::uint32_t duration_seconds,
                                                  CallSummary& summary) {
  return duration_seconds == 0 ? summary.zero_seconds_legs
                               : duration_counts_[DurationBucketOf(duration_seconds)];
}

std::vector<ExponentialBuckets::Bucket> CallSummarizer::TakeDurationBuckets() {
  std::vector<ExponentialBuckets::Bucket> buckets;
  for (std::size_t i = 0; i < duration_counts_.size(); ++i) {
    const std::uint64_t count = std::exchange(duration_counts_[i], 0);
    if (count > 0) buckets.push_back({.index = static_cast<std::int32_t>(i), .count = count});
  }
  return buckets;
}

// Repeated legs are rare: counting every row in its order and taking these few out again spares the
// walk through all rows in the order of their ids.
void CallSummarizer::TakeOutRepeatedLegs(const CallRows& rows, CallSummary& summary) {
  grouping_.Group(rows.legs(), [&](std::span<const IdGrouping::Entry> same) {
    if (same.size() == 1) return;
    std::uint32_t longest = 0;
    for (const auto& row : same) {
      const std::uint32_t duration = rows.durations()[row.index];
      longest = std::max(longest, duration);
      TakeOut(duration, summary);
    }
    Count(longest, summary);
  });
}

std::uint64_t CallSummarizer::CountSessions(std::span<const CallId> sessions) {
  std::uint64_t count = 0;
  grouping_.Group(sessions, [&](std::span<const IdGrouping::Entry>) { ++count; });
  return count;
}

}  // namespace telnyx_exporter
