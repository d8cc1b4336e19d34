#pragma once

// What is known of one account's API key, and who may use it while the API refuses it. Pure: the
// account tells it what its polls met, on the polling thread, and asks it before each poll.

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "polling/poll_observer.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// A poll that tries a refused key for longer than this does not keep others from trying it.
inline constexpr Duration kLongestKeyTrial = std::chrono::seconds(30);

/// While the key is refused, the account waits longer and longer; then the first poll that may send
/// tries the key, alone. Polls that are due meanwhile fail at once, without a request.
class KeyGuard {
 public:
  bool refused() const { return refusals_ > 0; }
  /// In a row.
  std::uint32_t refusals() const { return refusals_; }
  /// Of the newest refusal.
  const PollFailure& failure() const { return failure_; }

  /// Whether a poll that is due now must not send.
  bool HoldsBack(Instant now) const;

  /// The poll of `connection` sends its first request. True when it is the one that tries a refused
  /// key: whoever waits to begin is held back from now on.
  bool OnPollBegun(ConnectionKey connection, Instant now);
  /// It ended, or its connection was removed: another one may try.
  void OnPollOver(ConnectionKey connection);

  /// The API refused the key of a poll that began at `begun`. `interval` is the shortest one of the
  /// account's connections. Returns how long the account waits; nothing when the poll was under way
  /// when the key was refused before, which says nothing new.
  std::optional<Duration> OnRefused(Instant begun, Instant now, Duration interval,
                                    const PollFailure& failure);
  /// The API took the key. True when it had been refused.
  bool OnAccepted();
  /// Another key: nothing is known of it.
  void Forget() { *this = {}; }

 private:
  struct Trial {
    ConnectionKey connection;
    Instant begun;
  };

  std::uint32_t refusals_ = 0;
  PollFailure failure_;
  Instant refused_at_{};
  Instant held_until_{};
  std::optional<Trial> trial_;
};

}  // namespace telnyx_exporter
