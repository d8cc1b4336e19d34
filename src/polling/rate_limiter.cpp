#include "polling/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace telnyx_exporter {

RateLimiter::RateLimiter(RateLimit limit, Instant now)
    : limit_(limit), tokens_(limit.burst), updated_(now), rate_(limit.requests_per_second) {}

double RateLimiter::RateAt(Instant now) const {
  if (!refused_) return limit_.requests_per_second;
  const double recovered = std::max(0.0, ToSeconds(now - *refused_)) / ToSeconds(kRateRecoveryTime);
  return std::min(limit_.requests_per_second, rate_ + recovered * limit_.requests_per_second);
}

double RateLimiter::BurstAt(Instant now) const {
  return std::max(1.0, limit_.burst * RateAt(now) / limit_.requests_per_second);
}

double RateLimiter::TokensAt(Instant now) const {
  const double elapsed = std::max(0.0, ToSeconds(now - updated_));
  // The rate at the beginning of a time in which it can only have grown: never too many.
  return std::min(BurstAt(now), tokens_ + elapsed * RateAt(updated_));
}

Instant RateLimiter::OwnLimitEnds() const {
  // When there is a whole token does not depend on who asks when: rounding must not leave a caller
  // who waited as told without it.
  const double missing = std::max(0.0, 1.0 - tokens_);
  const double nanoseconds = std::ceil(missing / RateAt(updated_) * 1e9);
  const bool fits = nanoseconds < static_cast<double>(kLongestTokenWait.count());
  return updated_ + (fits ? Duration(static_cast<Duration::rep>(nanoseconds)) : kLongestTokenWait);
}

Instant RateLimiter::ApiLimitEnds() const {
  return quota_ == 0 ? std::max(blocked_until_, quota_ends_) : blocked_until_;
}

Duration RateLimiter::WaitTime(Instant now) const {
  return std::max(std::max(OwnLimitEnds(), ApiLimitEnds()) - now, Duration::zero());
}

void RateLimiter::Take(Instant now) {
  tokens_ = TokensAt(now) - 1.0;
  updated_ = std::max(updated_, now);
  if (quota_ > 0) --quota_;
}

void RateLimiter::OnRefused(Instant sent, Instant now, Duration wait) {
  blocked_until_ = std::max(blocked_until_, now + std::min(wait, kLongestRateLimitBlock));
  if (refused_ && sent < *refused_) return;
  rate_ = std::max(RateAt(now) / 2, limit_.requests_per_second / kMostRateDivision);
  refused_ = now;
  tokens_ = 0;
  updated_ = now;
}

void RateLimiter::OnQuota(std::uint64_t remaining, Duration reset, Instant now) {
  // Answers overtake each other: while a quota is in force, one that leaves more is an older one.
  const bool in_force = now < quota_ends_;
  if (in_force && remaining > quota_) return;
  const Instant ends = now + std::min(reset, kLongestRateLimitBlock);
  quota_ends_ = in_force ? std::max(quota_ends_, ends) : ends;
  quota_ = remaining;
}

void RateLimiter::Configure(RateLimit limit, Instant now) {
  if (limit == limit_) return;
  tokens_ = std::min<double>(TokensAt(now), limit.burst);
  updated_ = now;
  // The same share of the new rate as of the old one when it was refused.
  rate_ *= limit.requests_per_second / limit_.requests_per_second;
  limit_ = limit;
}

}  // namespace telnyx_exporter
