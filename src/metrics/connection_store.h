#pragma once

// The newest state of every connection: the polling thread writes it, scrapes read it. One poll's
// result comes in whole under one lock, so no scrape sees a part of it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "metrics/connection_state.h"
#include "polling/poll_observer.h"

namespace telnyx_exporter {

class ConnectionStore {
 public:
  /// A connection as a reader meets it. `version` changes whenever `state` does.
  struct Entry {
    std::shared_ptr<const ConnectionIdentity> identity;
    ConnectionState state;
    std::uint64_t version = 0;
  };

  void Add(ConnectionKey key, std::string account, const ConnectionPlan& plan);
  void OnPollBegun(ConnectionKey key);
  void OnPollEnded(ConnectionKey key, const PollReport& report);

  /// Changes whenever anything in the store does; read without a lock.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  /// Calls `read` for every entry under the lock: it must be quick and must not call back.
  void ForEach(const std::function<void(std::size_t index, const Entry&)>& read) const;

  /// Every connection was polled once, complete or not.
  bool AllPolled() const;

 private:
  Entry& EntryOf(ConnectionKey key) { return entries_[static_cast<std::size_t>(key)]; }
  void Touch(Entry& entry);

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // guarded by mutex_
  std::size_t not_polled_ = 0;  // guarded by mutex_
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace telnyx_exporter
