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
  TouchIdentity(entries_[index]);
}

void ConnectionStore::Change(ConnectionKey key, const ConnectionPlan& plan) {
  const std::lock_guard lock(mutex_);
  Entry& entry = EntryOf(key);
  entry.state.values_expire += plan.stale_after - entry.identity->plan.stale_after;
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
  if (report.result) {
    state.values = *report.result;
    state.values_expire = report.ended + entry.identity->plan.stale_after;
    state.last_success = report.ended_wall;
    state.failure.reset();
    const auto& reported = report.result->reported_legs;
    if (reported && *reported != report.result->summary.legs) ++state.item_mismatches;
  } else {
    state.failure = report.result.error();
    ++state.failures;
  }
  Touch(entry);
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
