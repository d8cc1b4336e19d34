#include "metrics/connection_store.h"

#include <utility>

namespace telnyx_exporter {
namespace {

void AddChanges(const CallChanges& changes, WallTime now, std::optional<CallTotals>& totals) {
  // Counts cannot be carried over to other buckets: with a new configuration they begin anew.
  const DurationBounds& bounds = changes.completed.bounds();
  if (!totals) totals = CallTotals{.completed = DurationHistogram(bounds)};
  if (*totals->completed.bounds() != *bounds) totals->completed = DurationHistogram(bounds);
  totals->started += changes.started;
  totals->completed.Add(changes.completed, now);
}

}  // namespace

void ConnectionStore::Add(ConnectionKey key, std::string account, const ConnectionPlan& plan) {
  const std::lock_guard lock(mutex_);
  const auto index = static_cast<std::size_t>(key);
  if (entries_.size() <= index) entries_.resize(index + 1);
  entries_[index].identity = std::make_shared<const ConnectionIdentity>(
      ConnectionIdentity{.account = std::move(account), .plan = plan});
  ++not_polled_;
  TouchIdentity(entries_[index]);
}

void ConnectionStore::Change(ConnectionKey key, const ConnectionPlan& plan) {
  const std::lock_guard lock(mutex_);
  Entry& entry = EntryOf(key);
  entry.identity = std::make_shared<const ConnectionIdentity>(
      ConnectionIdentity{.account = entry.identity->account, .plan = plan});
  TouchIdentity(entry);
}

void ConnectionStore::Remove(ConnectionKey key) {
  const std::lock_guard lock(mutex_);
  Entry& entry = EntryOf(key);
  if (!entry.state.polled()) --not_polled_;
  entry.identity.reset();
  entry.state = {};
  TouchIdentity(entry);
  NoteIfReady();
}

void ConnectionStore::SetInForce(ConnectionKey key, const IntervalInForce& in_force) {
  const std::lock_guard lock(mutex_);
  Entry& entry = EntryOf(key);
  entry.state.values_expire = entry.state.values_ended + in_force.stale_after;
  Touch(entry);
}

void ConnectionStore::OnPollBegun(ConnectionKey key) {
  const std::lock_guard lock(mutex_);
  Entry& entry = EntryOf(key);
  ++entry.state.polls;
  Touch(entry);
}

void ConnectionStore::OnPollEnded(ConnectionKey key, const PollReport& report) {
  const std::lock_guard lock(mutex_);
  Entry& entry = EntryOf(key);
  ConnectionState& state = entry.state;
  if (!state.polled()) --not_polled_;
  state.last_poll_duration = report.elapsed;
  state.last_poll_ended = report.ended;
  state.last_poll_held_back = report.held_back;
  state.next_due = report.next_due;
  if (report.result) {
    state.values = *report.result;
    state.values_ended = report.ended;
    state.values_expire = report.ended + report.in_force.stale_after;
    state.last_success = report.ended_wall;
    state.history.Note(report.result->summary.legs, report.ended, state.values_expire);
    state.failure.reset();
    state.peak.Add(report.result->summary.legs, report.ended, entry.identity->plan.peak_window);
    const auto& reported = report.result->reported_legs;
    if (reported && *reported != report.result->summary.legs) ++state.item_mismatches;
  } else {
    if (!state.failure) state.failing_since = report.ended;
    state.failure = report.result.error();
    ++state.failures;
  }
  if (report.changes) AddChanges(*report.changes, report.ended_wall, state.totals);
  Touch(entry);
  NoteIfReady();
}

// A shard may have nothing to poll.
void ConnectionStore::OnPlanApplied() {
  const std::lock_guard lock(mutex_);
  NoteIfReady();
}

void ConnectionStore::AwaitDiscovery() {
  const std::lock_guard lock(mutex_);
  ++awaited_;
}

void ConnectionStore::OnDiscovered() {
  const std::lock_guard lock(mutex_);
  --awaited_;
  NoteIfReady();
}

void ConnectionStore::NoteIfReady() { ready_ = ready_ || (not_polled_ == 0 && awaited_ == 0); }

void ConnectionStore::ForEach(
    const std::function<void(std::size_t index, const Entry&)>& read) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < entries_.size(); ++i) read(i, entries_[i]);
}

std::vector<ConnectionStore::Entry> ConnectionStore::Read(
    std::span<const std::size_t> places) const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> entries;
  entries.reserve(places.size());
  for (const std::size_t place : places) entries.push_back(entries_.at(place));
  return entries;
}

bool ConnectionStore::ready() const {
  const std::lock_guard lock(mutex_);
  return ready_;
}

void ConnectionStore::TouchIdentity(Entry& entry) {
  Touch(entry);
  identities_version_.fetch_add(1, std::memory_order_release);
}

void ConnectionStore::Touch(Entry& entry) {
  ++entry.version;
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace telnyx_exporter
