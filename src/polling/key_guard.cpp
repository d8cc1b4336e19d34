#include "polling/key_guard.h"

#include "polling/retry_policy.h"

namespace telnyx_exporter {

bool KeyGuard::HoldsBack(Instant now) const {
  if (!refused()) return false;
  return now < held_until_ || (trial_ && now - trial_->begun < kLongestKeyTrial);
}

bool KeyGuard::OnPollBegun(ConnectionKey connection, Instant now) {
  if (!refused()) return false;
  trial_ = Trial{.connection = connection, .begun = now};
  return true;
}

void KeyGuard::OnPollOver(ConnectionKey connection) {
  if (trial_ && trial_->connection == connection) trial_.reset();
}

std::optional<Duration> KeyGuard::OnRefused(Instant begun, Instant now, Duration interval,
                                            const PollFailure& failure) {
  if (refused() && begun <= refused_at_) return std::nullopt;
  ++refusals_;
  refused_at_ = now;
  failure_ = failure;
  const Duration wait = RefusedInterval(interval, refusals_);
  // Whoever is due next after this tries the key: a connection with that interval is due within it.
  held_until_ = now + wait - interval;
  return wait;
}

bool KeyGuard::OnAccepted() {
  const bool had_been_refused = refused();
  Forget();
  return had_been_refused;
}

}  // namespace telnyx_exporter
