#pragma once

#include "base/clock.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

/// A token bucket: at most `burst` requests at once and `requests_per_second` in the long run.
/// Starts full. It is told the time, which must not go back; a long pause fills it to `burst`,
/// never more.
class RateLimiter {
 public:
  RateLimiter(RateLimit limit, Instant now);

  /// How long until a request may be sent; zero: now.
  Duration WaitTime(Instant now) const;
  /// Counts one request as sent. Only when WaitTime(now) is zero.
  void Take(Instant now);

 private:
  double TokensAt(Instant now) const;

  RateLimit limit_;
  double tokens_;
  Instant updated_;
};

}  // namespace telnyx_exporter
