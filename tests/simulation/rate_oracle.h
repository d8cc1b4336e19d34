#pragma once

// How many requests one account may have sent, at the most and at the least: the documented rules
// once more, apart from the exporter's own code.

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter::simulation {

class RateOracle {
 public:
  RateOracle(RateLimit limit, Instant now);

  void Configure(RateLimit limit, Instant now);
  /// A request goes out; a Violation when it must not.
  void OnSend(Instant now);
  /// The API refused a request with "too many requests" and asked to be left alone for `wait`.
  void OnRefused(Instant sent, Instant now, Duration wait);
  /// The API said that it takes `remaining` further requests, those under way not counted.
  void OnQuota(Instant sent, std::uint64_t remaining, Duration reset, Instant now);

  double RateAt(Instant now) const;
  /// The API's own word forbids requests.
  bool ApiForbids(Instant now) const;
  /// The API has never asked for anything.
  bool untouched() const { return !refused_ && !asked_; }

  /// Until when the API's own word forbids requests.
  Instant ApiForbidsUntil() const;
  /// When the bucket has a whole token; never later than the exporter reckons.
  Instant TokenTime() const;
  /// Whether the exporter must reckon just so.
  bool exact() const { return exact_; }

  /// A request that waits for nothing but the limit must have gone out by now.
  bool MustHaveLetGo(Instant now) const;
  /// Longer than this without a request or an answer no limit can hold a request back.
  Duration longest_hold() const;

 private:
  double TokensAt(Instant now) const;
  double RateIntegral(Instant begin, Instant end) const;

  RateLimit limit_;
  double tokens_;
  Instant updated_;
  std::optional<Instant> refused_;
  bool asked_ = false;       // for a pause or a quota
  double lowered_rate_ = 0;  // right after the newest refusal
  // The exporter's own reckoning may lag behind these after a refusal, until both are full again.
  bool exact_ = true;
  Instant last_sent_{};
  Instant blocked_until_{};
  std::uint64_t quota_ = 0;  // left until `quota_ends_`
  Instant quota_ends_{};
  Instant quota_told_{};
};

}  // namespace telnyx_exporter::simulation
