#include "polling/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace telnyx_exporter {
namespace {

// Rounding must not leave a caller who waited as told without its token.
constexpr double kWholeToken = 1.0 - 1e-6;

}  // namespace

RateLimiter::RateLimiter(RateLimit limit, Instant now)
    : limit_(limit), tokens_(limit.burst), updated_(now) {}

double RateLimiter::TokensAt(Instant now) const {
  const double elapsed = std::max(0.0, ToSeconds(now - updated_));
  return std::min<double>(limit_.burst, tokens_ + elapsed * limit_.requests_per_second);
}

Duration RateLimiter::WaitTime(Instant now) const {
  const double missing = 1.0 - TokensAt(now);
  if (missing <= 1.0 - kWholeToken) return Duration::zero();
  return Duration(
      static_cast<Duration::rep>(std::ceil(missing / limit_.requests_per_second * 1e9)));
}

void RateLimiter::Take(Instant now) {
  tokens_ = TokensAt(now) - 1.0;
  updated_ = std::max(updated_, now);
}

}  // namespace telnyx_exporter
