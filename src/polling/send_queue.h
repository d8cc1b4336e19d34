#pragma once

// Where an account and its connections wait until they may send: what is under way before new
// polls, each in its turn, within the account's rate limit. The poller owns one for each account.

#include <deque>
#include <optional>

#include "base/clock.h"
#include "polling/poll_observer.h"
#include "polling/rate_limiter.h"

namespace telnyx_exporter {

/// Who sends: a connection for its poll or, when it is none, the account for its lists.
using Sender = std::optional<ConnectionKey>;

class SendQueue {
 public:
  struct Turn {
    Sender sender;
    Duration held_back_by_limit;  // how long the rate limit made it wait
  };

  SendQueue(RateLimit limit, Instant now) : limiter_(limit, now) {}

  RateLimiter& limiter() { return limiter_; }
  bool empty() const { return to_continue_.empty() && to_begin_.empty(); }

  void AddNewPoll(ConnectionKey connection, Instant now);
  /// The next request of what is under way, and the first one for the account's lists: they go
  /// before new polls.
  void AddNextRequest(Sender sender, Instant now);
  void Remove(Sender sender);
  /// Takes out all polls that have not begun.
  std::deque<ConnectionKey> TakeNewPolls();

  /// When the first in the queue may send; nothing when nobody waits.
  std::optional<Instant> NextTurn(Instant now) const;
  /// Whose turn it is now, counted as sent; nothing when nobody may send.
  std::optional<Turn> TakeTurn(Instant now);

 private:
  struct Waiting {
    Sender sender;
    Instant since;
  };

  Duration HeldBack(Instant since, Instant now) const;

  RateLimiter limiter_;
  std::deque<Waiting> to_continue_;
  std::deque<Waiting> to_begin_;
  // Since when the limiter has made the queue wait without a pause.
  std::optional<Instant> held_back_since_;
};

}  // namespace telnyx_exporter
