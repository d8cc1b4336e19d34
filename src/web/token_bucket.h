#pragma once

#include <algorithm>

#include "base/clock.h"
#include "web/access_rules.h"

namespace telnyx_exporter {

/// Full at first. Not for several threads at once.
class TokenBucket {
 public:
  TokenBucket(const RequestLimit& limit, Instant now)
      : interval_(ToSeconds(limit.interval)), burst_(limit.burst), tokens_(burst_), filled_(now) {}

  /// Takes a token; false when there is none.
  bool Take(Instant now) {
    tokens_ = std::min(burst_, tokens_ + ToSeconds(now - filled_) / interval_);
    filled_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double interval_;  // seconds
  double burst_;
  double tokens_;
  Instant filled_;
};

}  // namespace telnyx_exporter
