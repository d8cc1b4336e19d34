#include "polling/job.h"

#include <algorithm>

namespace telnyx_exporter {

Instant Job::Wake() const {
  const Instant deadline = sequence ? sequence->deadline() : kNever;
  return std::min({due, retry, deadline, check});
}

WakeSet::Entry WakeSet::EntryOf(Job& job) {
  const std::uint64_t connection =
      job.connection ? static_cast<std::uint64_t>(*job.connection) + 1 : 0;
  return {.when = job.listed,
          .order = (static_cast<std::uint64_t>(job.account) << 32U) + connection,
          .job = &job};
}

void WakeSet::Update(Job& job) {
  const Instant wake = job.Wake();
  if (wake == job.listed) return;
  auto node =
      job.listed == kNever ? decltype(entries_)::node_type() : entries_.extract(EntryOf(job));
  job.listed = wake;
  if (wake == kNever) return;
  if (node.empty()) {
    entries_.insert(EntryOf(job));
  } else {
    node.value() = EntryOf(job);
    entries_.insert(std::move(node));
  }
}

void WakeSet::Remove(Job& job) {
  if (job.listed == kNever) return;
  entries_.erase(EntryOf(job));
  job.listed = kNever;
}

Job* WakeSet::FirstAt(Instant now) const {
  return entries_.empty() || entries_.begin()->when > now ? nullptr : entries_.begin()->job;
}

}  // namespace telnyx_exporter
