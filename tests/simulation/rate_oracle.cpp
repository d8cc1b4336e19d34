#include "simulation/rate_oracle.h"

#include <algorithm>

#include "simulation/durations.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

using namespace std::chrono_literals;

// What docs/decisions and the headers promise.
constexpr Duration kLongestBlock = 1min;
constexpr Duration kRecovery = 5min;
constexpr double kMostDivision = 64;

constexpr double kTokenSlack = 1e-4;

}  // namespace

RateOracle::RateOracle(RateLimit limit, Instant now)
    : limit_(limit), tokens_(limit.burst), updated_(now) {}

double RateOracle::RateAt(Instant now) const {
  const double full = limit_.requests_per_second;
  if (!refused_) return full;
  return std::min(full, lowered_rate_ + full * ToSeconds(now - *refused_) / ToSeconds(kRecovery));
}

// Requests that the rate allows in a time in which it grows to its full height and stays there.
double RateOracle::RateIntegral(Instant begin, Instant end) const {
  const double seconds = ToSeconds(end - begin);
  const double full = limit_.requests_per_second;
  const double at_begin = RateAt(begin);
  if (at_begin >= full) return seconds * full;
  const double growth = full / ToSeconds(kRecovery);
  const double growing = std::min(seconds, (full - at_begin) / growth);
  return growing * (at_begin + growth * growing / 2) + (seconds - growing) * full;
}

double RateOracle::TokensAt(Instant now) const {
  const double burst = std::max(1.0, limit_.burst * RateAt(now) / limit_.requests_per_second);
  return std::min(burst, tokens_ + RateIntegral(updated_, now));
}

void RateOracle::Configure(RateLimit limit, Instant now) {
  tokens_ = std::min<double>(TokensAt(now), limit.burst);
  updated_ = now;
  lowered_rate_ *= limit.requests_per_second / limit_.requests_per_second;
  limit_ = limit;
}

void RateOracle::OnSend(Instant now) {
  Require(now + kTimeSlack >= blocked_until_,
          "a request {} s before the end of the time that the API asked for",
          ToSeconds(blocked_until_ - now));
  if (now + kTimeSlack < quota_ends_) {
    Require(quota_ > 0, "a request beyond the API's quota, {} s before its end",
            ToSeconds(quota_ends_ - now));
    --quota_;
  }
  const double tokens = TokensAt(now);
  Require(tokens >= 1 - kTokenSlack, "a request with {} tokens in the account's bucket", tokens);
  const Duration idle = now - std::max(last_sent_, refused_.value_or(Instant{}) + kRecovery);
  if (ToSeconds(idle) * limit_.requests_per_second >= limit_.burst) exact_ = true;
  tokens_ = tokens - 1;
  updated_ = now;
  last_sent_ = now;
}

void RateOracle::OnRefused(Instant sent, Instant now, Duration wait) {
  asked_ = true;
  blocked_until_ = std::max(blocked_until_, now + std::min(wait, kLongestBlock));
  if (refused_ && sent < *refused_) return;
  lowered_rate_ = std::max(RateAt(now) / 2, limit_.requests_per_second / kMostDivision);
  refused_ = now;
  tokens_ = 0;
  updated_ = now;
  exact_ = false;
}

void RateOracle::OnQuota(Instant sent, std::uint64_t remaining, Duration reset, Instant now) {
  asked_ = true;
  const Instant ends = now + std::min(reset, kLongestBlock);
  if (now >= quota_ends_) {
    quota_ends_ = ends;
  } else if (remaining <= quota_) {
    quota_ends_ = std::min(quota_ends_, ends);  // each answer rounds the time that is left up
  } else if (sent > quota_told_) {
    quota_ends_ = ends;  // another quota has begun
  } else {
    return;  // answers overtake each other: this one is older
  }
  quota_ = remaining;
  quota_told_ = now;
}

bool RateOracle::ApiForbids(Instant now) const {
  return now + kTimeSlack < blocked_until_ || (quota_ == 0 && now + kTimeSlack < quota_ends_);
}

Instant RateOracle::ApiForbidsUntil() const {
  return quota_ == 0 ? std::max(blocked_until_, quota_ends_) : blocked_until_;
}

Instant RateOracle::TokenTime() const {
  const double missing = 1 - tokens_;
  if (missing <= 0) return updated_;
  Instant early = updated_;
  Instant late = updated_ + Seconds(missing / RateAt(updated_)) + 1us;
  while (late - early > 1ns) {
    const Instant middle = early + (late - early) / 2;
    (tokens_ + RateIntegral(updated_, middle) < 1 ? early : late) = middle;
  }
  return early;
}

bool RateOracle::MustHaveLetGo(Instant now) const {
  return exact_ && now > blocked_until_ + kTimeSlack && now > quota_ends_ + kTimeSlack &&
         TokensAt(now) >= 1 + kTokenSlack;
}

Duration RateOracle::longest_hold() const {
  const double seconds = kMostDivision / limit_.requests_per_second;
  return kLongestBlock +
         std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds + 1));
}

}  // namespace telnyx_exporter::simulation
