#include "polling/account_limits.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "polling/request_sequence.h"

namespace telnyx_exporter {
namespace {

// However much the lists need, polls get this share of what is allowed.
constexpr double kLeastShareOfPolls = 0.5;

// What the interval of an idle connection is multiplied by. Rates, not intervals, are mixed, so
// that the sum over all connections is in proportion to `idle_wait`.
double IdleFactor(const IntervalStretch& stretch, double least_share) {
  return stretch.factor / (1 - stretch.idle_wait * (1 - least_share));
}

}  // namespace

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

void RateLimiter::CountRequest(Instant now) {
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

void RateLimiter::OnQuota(Instant sent, std::uint64_t remaining, Duration reset, Instant now) {
  const bool in_force = now < quota_ends_;
  const bool leaves_more = remaining > quota_;
  if (in_force && leaves_more && sent <= quota_told_) return;
  // The reset comes in whole seconds, rounded up: of the answers of one window, which leave fewer
  // and fewer, the earliest end is right.
  const Instant ends = now + std::min(reset, kLongestRateLimitBlock);
  quota_ends_ = in_force && !leaves_more ? std::min(quota_ends_, ends) : ends;
  quota_told_ = now;
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
  const Duration wait = std::min(RefusedInterval(interval, refusals_), kLongestRefusedInterval);
  // The next poll that is due after this tries the key: one of that interval is due within it.
  // Where none may be, the refused one is to be polled after `wait`.
  held_until_ = now + wait - (interval > wait ? Duration::zero() : interval);
  return wait;
}

bool KeyGuard::OnAccepted(Instant now) {
  const bool had_been_refused = refused();
  if (had_been_refused) Forget();
  accepted_at_ = now;
  return had_been_refused;
}

IntervalStretch StretchFor(const RequestDemand& demand, double allowed) {
  if (demand.total() <= allowed) return {};
  const double for_polls = std::max(allowed - demand.lists, allowed * kLeastShareOfPolls);
  if (demand.busy + demand.idle <= for_polls) return {};
  const double missing = demand.busy + demand.idle - for_polls;
  const double idle_can_save = demand.idle - demand.idle_least;
  if (missing < idle_can_save) return {.factor = 1, .idle_wait = missing / idle_can_save};
  const double factor = (demand.busy + demand.idle_least) / for_polls;
  return {.factor = std::max(1.0, factor), .idle_wait = 1};
}

bool DiffersMaterially(double before, double after) {
  return std::abs(after - before) > kMaterialChange * std::max(std::abs(before), std::abs(after));
}

bool DiffersMaterially(const IntervalStretch& before, const IntervalStretch& after) {
  // Back to the configured intervals at once, however near they were.
  const bool ends = after == IntervalStretch{} && before != after;
  constexpr double kShortest = 1.0 / kMostIdleWait;
  return ends || DiffersMaterially(before.factor, after.factor) ||
         DiffersMaterially(IdleFactor(before, kShortest), IdleFactor(after, kShortest));
}

void BudgetReview::Replace(DemandShare& counted, const DemandShare& now) {
  double& before = counted.idle ? polls_.idle : polls_.busy;
  before = std::max(0.0, before - counted.requests);
  polls_.idle_least = std::max(0.0, polls_.idle_least - counted.least);
  counted = now;
  (counted.idle ? polls_.idle : polls_.busy) += counted.requests;
  polls_.idle_least += counted.least;
}

RequestDemand BudgetReview::DemandWith(double lists) const {
  RequestDemand demand = polls_;
  demand.lists = lists;
  return demand;
}

bool BudgetReview::UpdateStretch(const RequestDemand& demand, double allowed) {
  const IntervalStretch stretch = StretchFor(demand, allowed);
  if (!DiffersMaterially(stretch_, stretch)) return false;
  stretch_ = stretch;
  return true;
}

bool BudgetReview::Report(const RequestBudget& budget, bool recovers) {
  const bool recovered =
      !recovers && reported_ && reported_->allowed_per_second != budget.allowed_per_second;
  const bool changed =
      !reported_ || recovered || reported_->connections != budget.connections ||
      DiffersMaterially(reported_->required_per_second, budget.required_per_second) ||
      DiffersMaterially(reported_->allowed_per_second, budget.allowed_per_second);
  if (changed) reported_ = budget;
  return changed;
}

PollFailure HeldBack(std::string_view what, const RateLimiter& limiter, double needed_per_second,
                     Instant waiting_since, std::optional<std::uint32_t> most_at_once,
                     Instant now) {
  const bool asked_to_wait = limiter.ApiLimitEnds() > waiting_since;
  const bool slowed_down = limiter.RateAt(now) < limiter.limit().requests_per_second &&
                           needed_per_second <= limiter.limit().requests_per_second;
  if (asked_to_wait || slowed_down) {
    return {.reason = FailureReason::kRateLimited,
            .detail = fmt::format("{}: the API asked for fewer requests", what)};
  }
  if (most_at_once) {
    return {.reason = FailureReason::kRequestBudget,
            .detail = fmt::format("{}: all {} poll.max_concurrent_requests are under way", what,
                                  *most_at_once)};
  }
  const double allowed = limiter.RateAt(now);
  // Enough on average: many were due together, a poll has many pages, or less was allowed before.
  if (needed_per_second <= allowed) {
    return {.reason = FailureReason::kRequestBudget,
            .detail = fmt::format("{}: requests waited for the rate limit; it allows {:.3g} per "
                                  "second, and the account needs {:.3g} on average",
                                  what, allowed, needed_per_second)};
  }
  return {
      .reason = FailureReason::kRequestBudget,
      .detail = fmt::format("{}: the account needs {:.3g} requests per second and may send {:.3g}",
                            what, needed_per_second, allowed)};
}

Duration Stretched(Duration interval, double factor) {
  if (!(factor > 1)) return interval;
  const double stretched = static_cast<double>(interval.count()) * factor;
  const auto longest = static_cast<double>(kLongestStretchedInterval.count());
  if (!(stretched < longest)) return std::max(interval, kLongestStretchedInterval);
  return Duration(static_cast<Duration::rep>(stretched));
}

Duration Times(Duration interval, int count) {
  constexpr Duration kLongest = Duration::max() / 4;
  return interval > kLongest / count ? kLongest : interval * count;
}

PollIntervals IntervalsOf(const ConnectionPlan& plan) {
  return {.interval = plan.interval,
          .idle_interval = plan.idle_interval,
          .stale_after = plan.stale_after};
}

Duration WantedInterval(const PollIntervals& intervals, bool idle) {
  if (!idle) return intervals.interval;
  return std::max(intervals.interval, intervals.idle_interval.value_or(Duration{}));
}

double LeastIdleShare(const PollIntervals& intervals) {
  const Duration wanted = WantedInterval(intervals, true);
  const Duration longest = std::max(wanted, Times(intervals.interval, kMostIdleWait));
  return ToSeconds(wanted) / ToSeconds(longest);
}

IntervalInForce InForce(const PollIntervals& intervals, bool idle, const IntervalStretch& stretch) {
  const double factor = idle ? IdleFactor(stretch, LeastIdleShare(intervals)) : stretch.factor;
  const Duration interval = Stretched(WantedInterval(intervals, idle), factor);
  return {.interval = interval,
          .stale_after = intervals.stale_after.value_or(Times(interval, 3)),
          .idle = idle && intervals.idle_interval > intervals.interval};
}

double RequestsPerSecond(double requests, Duration interval) {
  return requests / std::max(1e-9, ToSeconds(interval));
}

}  // namespace telnyx_exporter
