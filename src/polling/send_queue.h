#pragma once

// Where one account's connections wait until they may send: polls under way before new ones, each
// in its turn, within the account's rate limit. The poller owns one for each account.

#include <deque>
#include <optional>

#include "base/clock.h"
#include "polling/poll_observer.h"
#include "polling/rate_limiter.h"

namespace telnyx_exporter {

class SendQueue {
 public:
  struct Turn {
    ConnectionKey connection;
    bool begins;                  // a new poll, not the next request of one under way
    Duration held_back_by_limit;  // how long the rate limit made it wait
  };

  SendQueue(RateLimit limit, Instant now) : limiter_(limit, now) {}

  RateLimiter& limiter() { return limiter_; }
  bool empty() const { return to_continue_.empty() && to_begin_.empty(); }

  void AddNewPoll(ConnectionKey connection, Instant now);
  void AddNextRequest(ConnectionKey connection, Instant now);
  void Remove(ConnectionKey connection);
  /// Takes out all polls that have not begun.
  std::deque<ConnectionKey> TakeNewPolls();

  /// When the first in the queue may send; nothing when nobody waits.
  std::optional<Instant> NextTurn(Instant now) const;
  /// Whose turn it is now, counted as sent; nothing when nobody may send.
  std::optional<Turn> TakeTurn(Instant now);

 private:
  struct Waiting {
    ConnectionKey connection;
    Instant since;
  };

  static void Erase(std::deque<Waiting>& queue, ConnectionKey connection);
  Duration HeldBack(Instant since, Instant now) const;

  RateLimiter limiter_;
  std::deque<Waiting> to_continue_;
  std::deque<Waiting> to_begin_;
  // Since when the limiter has made the queue wait without a pause.
  std::optional<Instant> held_back_since_;
};

}  // namespace telnyx_exporter
