#pragma once

// Something that becomes due and then walks pages: the poll of one connection or the refresh of an
// account's lists, alike. A job does not set timers: when it needs attention follows from what it
// waits for, and the poller keeps all jobs in one set in the order of these moments. On the polling
// thread only.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "http/transport.h"
#include "polling/account_limits.h"
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

/// Where an account's jobs wait until they may send, within the account's rate limit. Of polls,
/// those under way go before new ones, and of these the one that began first, so that one is
/// complete after the other and not all of them half. The account's lists have every second turn
/// while polls wait. Each account owns one.
class SendQueue {
 public:
  struct Turn {
    Job* job = nullptr;
    Duration held_back_by_limit{};  // for how long nothing but our own rate limit made it wait
  };

  SendQueue(RateLimit limit, Instant now) : limiter_(limit, now) {}

  RateLimiter& limiter() { return limiter_; }
  const RateLimiter& limiter() const { return limiter_; }
  bool empty() const { return to_continue_.empty() && to_begin_.empty() && !lists_; }

  void AddNewPoll(Job& job, Instant now);
  /// The next request of a poll under way, or any request for the account's lists.
  void AddNextRequest(Job& job, Instant now);
  void Remove(const Job& job);
  /// Whether a job that waits here has been held back by our own rate limit.
  bool IsHeldBackByLimit(const Job& job, Instant now);
  /// Takes out all polls that have not begun.
  std::vector<Job*> TakeNewPolls();

  /// When the first in the queue may send; nothing when no job waits.
  std::optional<Instant> NextTurn(Instant now) const;
  /// Whose turn it is now, counted as sent; nothing when no job may send.
  std::optional<Turn> TakeTurn(Instant now);

  /// From here on waiting jobs are held back by the limits of this account alone or, without
  /// `free_slots`, by the number of requests at once. To be told after every step.
  void NoteWaiting(Instant now, bool free_slots);

 private:
  struct Waiting {
    Job* job;
    Duration held_back_before;  // held_back_ when it came
  };

  Duration HeldBackAt(Instant now);
  const Waiting* Find(const Job& job) const;
  Waiting TakeFirst();

  RateLimiter limiter_;
  std::deque<Waiting> to_continue_;  // by when they began
  std::deque<Waiting> to_begin_;
  std::optional<Waiting> lists_;
  bool lists_went_last_ = false;
  // How long our own rate limit alone has made this queue wait, ever. While it does, it grows from
  // `grows_from_` to `grows_until_`.
  Duration held_back_{};
  Instant grows_from_{};
  Instant grows_until_{};
};

}  // namespace telnyx_exporter
