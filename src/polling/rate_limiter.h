#pragma once

// How fast one account may be asked: the configured rate, and below it what the API itself says it
// will bear. Pure: the time comes in as an argument and must not go back.

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

/// The API's word is taken for this long at most, whatever it says.
inline constexpr Duration kLongestRateLimitBlock = std::chrono::minutes(1);
/// From nothing back to the configured rate.
inline constexpr Duration kRateRecoveryTime = std::chrono::minutes(5);
/// The rate is never lowered to less than the configured one divided by this.
inline constexpr double kMostRateDivision = 64;
/// However small the rate is, the wait for the next request is told as this at most.
inline constexpr Duration kLongestTokenWait = std::chrono::hours(24 * 365);

/// A token bucket: at most `burst` requests at once and `requests_per_second` in the long run.
/// Starts full; a long pause fills it to `burst`, never more. Each refusal by the API halves rate
/// and burst; both recover linearly.
class RateLimiter {
 public:
  RateLimiter(RateLimit limit, Instant now);

  /// How long until a request may be sent; zero: now.
  Duration WaitTime(Instant now) const;
  /// Counts one request as sent. Only when WaitTime(now) is zero.
  void Take(Instant now);

  /// The API answered a request that was sent at `sent` with "too many requests" and asked to be
  /// left alone for `wait`. Requests that were under way when the rate was last halved do not halve
  /// it again.
  void OnRefused(Instant sent, Instant now, Duration wait);
  /// The API said that it will take `remaining` further requests before `reset` has passed. Until
  /// then only an answer that leaves fewer counts.
  void OnQuota(std::uint64_t remaining, Duration reset, Instant now);
  /// When the configured rate, or what refusals have made of it, allows another request.
  Instant OwnLimitEnds() const;
  /// Until when the API's own word forbids requests; long ago when it does not.
  Instant ApiLimitEnds() const;

  /// New configured limits. What the API said stays in force.
  void Configure(RateLimit limit, Instant now);

  /// As configured.
  const RateLimit& limit() const { return limit_; }
  /// Requests per second in force, the API's refusals considered.
  double RateAt(Instant now) const;

 private:
  double TokensAt(Instant now) const;
  double BurstAt(Instant now) const;

  RateLimit limit_;
  double tokens_;
  Instant updated_;
  // What was learnt.
  std::optional<Instant> refused_;  // when the rate was halved last
  double rate_;                     // then
  Instant blocked_until_{};
  std::uint64_t quota_ = 0;  // requests left until `quota_ends_`
  Instant quota_ends_{};
};

}  // namespace telnyx_exporter
