#pragma once

// How long an account's own rate limit alone has held its requests back: at least and at most,
// reckoned apart from the exporter's code. Waits for a free slot and waits that the API asks for do
// not count.

#include <algorithm>

#include "base/clock.h"
#include "simulation/rate_oracle.h"

namespace telnyx_exporter::simulation {

class WaitMeter {
 public:
  struct Waited {
    Duration least{};
    Duration most{};
  };

  /// All of it up to `now`.
  Waited At(Instant now) {
    if (waits_) {
      const Instant from = std::max(measured_, forbidden_until_);
      Add(waited_.least, from, std::min(now, token_time_));
      Add(waited_.most, from, exact_ ? std::min(now, token_time_) : now);
    }
    measured_ = now;
    return waited_;
  }

  /// A step is done, in which everything was sent that may be.
  void OnStepDone(Instant now, bool waits, const RateOracle& rate) {
    At(now);
    waits_ = waits;
    forbidden_until_ = rate.ApiForbidsUntil();
    exact_ = rate.exact();
    if (waits) token_time_ = rate.TokenTime();
  }

 private:
  static void Add(Duration& sum, Instant from, Instant to) {
    if (to > from) sum += to - from;
  }

  Waited waited_;
  Instant measured_{};
  bool waits_ = false;  // and there is a free slot
  bool exact_ = true;
  Instant forbidden_until_{};
  Instant token_time_{};
};

}  // namespace telnyx_exporter::simulation
