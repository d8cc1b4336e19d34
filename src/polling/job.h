#pragma once

// Something that becomes due and then walks pages: the poll of one connection or the refresh of an
// account's lists, alike. A job does not set timers: when it needs attention follows from what it
// waits for, and the poller keeps all jobs in one set in the order of these moments. On the polling
// thread only.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>

#include "base/clock.h"
#include "http/transport.h"
#include "polling/poll_observer.h"
#include "polling/request_sequence.h"

namespace telnyx_exporter {

/// Later than anything that happens.
inline constexpr Instant kNever = Instant::max();

struct Job {
  AccountKey account{};
  std::optional<ConnectionKey> connection{};  // nothing: the account's lists

  Instant due = kNever;                    // when it is to begin next
  std::optional<Instant> waiting_since{};  // due then, and waiting in the queue to begin
  /// When something is to be looked at besides: values expire, the rate limit recovers.
  Instant check = kNever;

  // While it is under way.
  std::unique_ptr<RequestSequence> sequence{};
  std::optional<RequestId> request{};          // in flight
  std::shared_ptr<const Endpoint> endpoint{};  // of the newest request
  Instant retry = kNever;                      // when the next request may go

  Instant listed = kNever;  // the WakeSet's own: under which time it is there

  /// When it needs attention next.
  Instant Wake() const;
};

/// The jobs of a poller in the order in which they need attention; those of the same moment in the
/// order of their keys, so that the order does not depend on history.
class WakeSet {
 public:
  /// Puts a job where its wake time says, after any change of it. The job must outlive its stay.
  void Update(Job& job);
  void Remove(Job& job);

  Instant next() const { return entries_.empty() ? kNever : entries_.begin()->when; }
  /// The first job, if it needs attention at `now`. It stays until Update moves it.
  Job* FirstAt(Instant now) const;

 private:
  struct Entry {
    Instant when;
    std::uint64_t order = 0;  // of the keys
    Job* job = nullptr;

    bool operator<(const Entry& other) const {
      return when != other.when ? when < other.when : order < other.order;
    }
  };
  static Entry EntryOf(Job& job);

  std::set<Entry> entries_;  // of the jobs that wait for something
};

}  // namespace telnyx_exporter
