#pragma once

// The newest state of every connection: the polling thread writes it, scrapes read it. One poll's
// result comes in whole under one lock, so no scrape sees a part of it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "metrics/connection_state.h"
#include "polling/poll_observer.h"

namespace telnyx_exporter {

class ConnectionStore {
 public:
  /// A connection as a reader meets it. `version` changes whenever anything else does.
  struct Entry {
    std::shared_ptr<const ConnectionIdentity> identity;  // null: there is none at this place
    ConnectionState state;
    std::uint64_t version = 0;
  };

  void Add(ConnectionKey key, std::string account, const ConnectionPlan& plan);
  /// Another plan for the same connection; its state stays.
  void Change(ConnectionKey key, const ConnectionPlan& plan);
  void Remove(ConnectionKey key);
  void SetInForce(ConnectionKey key, const IntervalInForce& in_force);
  void OnPollBegun(ConnectionKey key);
  void OnPollEnded(ConnectionKey key, const PollReport& report);

  /// Changes whenever anything in the store does; read without a lock.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  /// Changes whenever a connection comes, goes or gets another plan; read without a lock.
  std::uint64_t identities_version() const {
    return identities_version_.load(std::memory_order_acquire);
  }

  /// Calls `read` for every place under the lock, empty ones included: it must be quick and must
  /// not call back.
  void ForEach(const std::function<void(std::size_t index, const Entry&)>& read) const;

  /// Copies of some places as they are at one moment. A place once seen stays a place.
  std::vector<Entry> Read(std::span<const std::size_t> places) const;

  /// All connections that are not found by lists are known.
  void OnPlanApplied();
  /// An account's first lists are still to come: until they have, not all connections are known.
  void AwaitDiscovery();
  /// They have come, or will not.
  void OnDiscovered();

  /// There was a moment since the start at which every connection was known and had been polled,
  /// complete or not. Connections that come later do not take it back.
  bool ready() const;

 private:
  Entry& EntryOf(ConnectionKey key) { return entries_[static_cast<std::size_t>(key)]; }
  void Touch(Entry& entry);
  void TouchIdentity(Entry& entry);
  void NoteIfReady();

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // guarded by mutex_
  std::size_t not_polled_ = 0;  // guarded by mutex_
  std::size_t awaited_ = 0;     // discoveries, guarded by mutex_
  bool ready_ = false;          // guarded by mutex_
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::uint64_t> identities_version_{0};
};

}  // namespace telnyx_exporter
