#include "metrics/connection_store.h"

#include <utility>

namespace telnyx_exporter {

void ConnectionStore::Add(ConnectionKey key, std::string account, const ConnectionPlan& plan) {
  const std::lock_guard lock(mutex_);
  const auto index = static_cast<std::size_t>(key);
  if (entries_.size() <= index) entries_.resize(index + 1);
  entries_[index].identity = std::make_shared<const ConnectionIdentity>(
      ConnectionIdentity{.account = std::move(account), .plan = plan});
  ++not_polled_;
  Touch(entries_[index]);
}

void ConnectionStore::Change(ConnectionKey key, const ConnectionPlan& plan) {
  const std::lock_guard lock(mutex_);
  Entry& entry = EntryOf(key);
  entry.identity = std::make_shared<const ConnectionIdentity>(
      ConnectionIdentity{.account = entry.identity->account, .plan = plan});
  Touch(entry);
}

void ConnectionStore::Remove(ConnectionKey key) {
  const std::lock_guard lock(mutex_);
  Entry& entry = EntryOf(key);
  if (!entry.state.polled()) --not_polled_;
  entry.identity.reset();
  entry.state = {};
  Touch(entry);
  NoteIfAllPolled();
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
    state.values_expire = report.ended + entry.identity->plan.stale_after;
    state.last_success = report.ended_wall;
    state.history.Note(report.result->summary.legs, report.ended, state.values_expire);
    state.failure.reset();
    const auto& reported = report.result->reported_legs;
    if (reported && *reported != report.result->summary.legs) ++state.item_mismatches;
  } else {
    if (!state.failure) state.failing_since = report.ended;
    state.failure = report.result.error();
    ++state.failures;
  }
  Touch(entry);
  NoteIfAllPolled();
}

void ConnectionStore::NoteIfAllPolled() { ready_ = ready_ || not_polled_ == 0; }

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

void ConnectionStore::Touch(Entry& entry) {
  ++entry.version;
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace telnyx_exporter
