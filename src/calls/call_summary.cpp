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

CallSummary CallSummarizer::Summarize(std::span<const ActiveCall> calls,
                                      const UseLegOrder& use_leg_order) {
  CallSummary summary;
  summary.bucket_counts.resize(duration_bounds_.size() + 1);
  for (const ActiveCall& call : calls) {
    ++summary.bucket_counts[BucketOf(call.duration_seconds)];
    summary.total_seconds += call.duration_seconds;
    summary.longest_seconds = std::max(summary.longest_seconds, call.duration_seconds);
  }
  summary.legs = calls.size();
  grouping_.Reserve(calls.size());
  summary.sessions = CountSessions(calls);
  TakeOutRepeatedLegs(calls, summary);
  if (use_leg_order) use_leg_order(grouping_.entries());
  if (calls.size() > kKeptRows) grouping_.ReleaseMemory();
  return summary;
}

std::size_t CallSummarizer::BucketOf(std::uint32_t duration_seconds) const {
  const auto bucket = std::ranges::lower_bound(duration_bounds_, duration_seconds);
  return static_cast<std::size_t>(bucket - duration_bounds_.begin());
}

// Repeated legs are rare: counting every row in its order and taking these few out again spares the
// walk through all rows in the order of their ids.
void CallSummarizer::TakeOutRepeatedLegs(std::span<const ActiveCall> calls, CallSummary& summary) {
  grouping_.Clear();
  for (std::uint32_t i = 0; i < calls.size(); ++i) grouping_.Add(calls[i].leg, i);
  grouping_.ForEachGroup([&](std::uint32_t i) -> const CallId& { return calls[i].leg; },
                         [&](std::span<const IdGrouping::Entry> rows) {
                           if (rows.size() == 1) return;
                           std::uint32_t longest = 0;
                           for (const auto& row : rows) {
                             const std::uint32_t duration = calls[row.index].duration_seconds;
                             longest = std::max(longest, duration);
                             --summary.bucket_counts[BucketOf(duration)];
                             summary.total_seconds -= duration;
                           }
                           ++summary.bucket_counts[BucketOf(longest)];
                           summary.total_seconds += longest;
                           summary.legs -= rows.size() - 1;
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
                         [&](std::span<const IdGrouping::Entry>) { ++sessions; });
  return sessions;
}

}  // namespace telnyx_exporter
