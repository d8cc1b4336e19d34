#include "calls/call_summary.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {
namespace {

// Working memory up to this many rows stays for the next poll; one large connection should not hold
// tens of megabytes between its polls.
constexpr std::size_t kKeptRows = std::size_t{16} * 1024;

}  // namespace

CallSummarizer::CallSummarizer(std::vector<double> duration_bounds, std::uint64_t key)
    : duration_bounds_(std::move(duration_bounds)), grouping_(key) {}

CallSummary CallSummarizer::Summarize(std::span<const ActiveCall> calls) {
  CallSummary summary;
  summary.bucket_counts.resize(duration_bounds_.size() + 1);
  CountLegs(calls, summary);
  summary.duration_buckets = TakeDurationBuckets();
  summary.sessions = CountSessions(calls);
  if (calls.size() > kKeptRows) grouping_.ReleaseMemory();
  return summary;
}

void CallSummarizer::AddLeg(CallSummary& summary, std::uint32_t duration_seconds) {
  const auto bucket = std::ranges::lower_bound(duration_bounds_, duration_seconds);
  ++summary.bucket_counts[static_cast<std::size_t>(bucket - duration_bounds_.begin())];
  if (duration_seconds == 0) {
    ++summary.zero_seconds_legs;
  } else {
    ++duration_counts_[DurationBucketOf(duration_seconds)];
  }
  ++summary.legs;
  summary.total_seconds += duration_seconds;
  summary.longest_seconds = std::max(summary.longest_seconds, duration_seconds);
}

std::vector<DurationBucket> CallSummarizer::TakeDurationBuckets() {
  std::vector<DurationBucket> buckets;
  for (std::uint32_t i = 0; i < duration_counts_.size(); ++i) {
    const std::uint64_t count = std::exchange(duration_counts_[i], 0);
    if (count > 0) buckets.push_back({.index = i, .count = count});
  }
  return buckets;
}

void CallSummarizer::CountLegs(std::span<const ActiveCall> calls, CallSummary& summary) {
  grouping_.Clear();
  grouping_.Reserve(calls.size());
  for (std::uint32_t i = 0; i < calls.size(); ++i) grouping_.Add(calls[i].leg, i);
  grouping_.ForEachGroup([&](std::uint32_t i) -> const CallId& { return calls[i].leg; },
                         [&](std::span<const std::uint32_t> rows) {
                           std::uint32_t longest = 0;
                           for (const std::uint32_t row : rows) {
                             longest = std::max(longest, calls[row].duration_seconds);
                           }
                           AddLeg(summary, longest);
                         });
}

std::optional<std::uint64_t> CallSummarizer::CountSessions(std::span<const ActiveCall> calls) {
  grouping_.Clear();
  for (std::uint32_t i = 0; i < calls.size(); ++i) {
    if (!calls[i].has_session) return std::nullopt;
    grouping_.Add(calls[i].session, i);
  }
  std::uint64_t sessions = 0;
  grouping_.ForEachGroup([&](std::uint32_t i) -> const CallId& { return calls[i].session; },
                         [&](std::span<const std::uint32_t>) { ++sessions; });
  return sessions;
}

}  // namespace telnyx_exporter
