#pragma once

// Where an account's jobs wait until they may send: what is under way before new polls, each in its
// turn, within the account's rate limit. Each account owns one, on the polling thread.

#include <deque>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "polling/job.h"
#include "polling/rate_limiter.h"

namespace telnyx_exporter {

class SendQueue {
 public:
  struct Turn {
    Job* job = nullptr;
    Duration held_back_by_limit{};  // for how long nothing but our own rate limit made it wait
  };

  SendQueue(RateLimit limit, Instant now) : limiter_(limit, now) {}

  RateLimiter& limiter() { return limiter_; }
  const RateLimiter& limiter() const { return limiter_; }
  bool empty() const { return to_continue_.empty() && to_begin_.empty(); }

  void AddNewPoll(Job& job, Instant now);
  /// The next request of what is under way, and the first one for the account's lists: they go
  /// before new polls.
  void AddNextRequest(Job& job, Instant now);
  void Remove(const Job& job);
  /// Whether a job that waits here has been held back by our own rate limit.
  bool IsHeldBackByLimit(const Job& job, Instant now);
  /// Takes out all polls that have not begun.
  std::vector<Job*> TakeNewPolls();

  /// When the first in the queue may send; nothing when nobody waits.
  std::optional<Instant> NextTurn(Instant now) const;
  /// Whose turn it is now, counted as sent; nothing when nobody may send.
  std::optional<Turn> TakeTurn(Instant now);

  /// From here on whoever waits is held back by the limits of this account alone or, without
  /// `free_slots`, by the number of requests at once. To be told after every step.
  void NoteWaiting(Instant now, bool free_slots);

 private:
  struct Waiting {
    Job* job;
    Duration held_back_before;  // held_back_ when it came
  };

  Duration HeldBackAt(Instant now);

  RateLimiter limiter_;
  std::deque<Waiting> to_continue_;
  std::deque<Waiting> to_begin_;
  // How long our own rate limit alone has made this queue wait, ever. While it does, it grows from
  // `grows_from_` to `grows_until_`.
  Duration held_back_{};
  Instant grows_from_{};
  Instant grows_until_{};
};

}  // namespace telnyx_exporter
