#include "polling/account.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectTimeout = 5s;
// How often the intervals follow a rate limit that recovers.
constexpr Duration kBudgetReviewInterval = 5s;

std::optional<double> ToNumber(std::optional<std::uint64_t> count) {
  return count ? std::optional(static_cast<double>(*count)) : std::nullopt;
}

PolledConnection& ConnectionOf(Job& job) { return static_cast<PolledConnection&>(job); }

Duration ShortestInterval(const std::vector<std::unique_ptr<PolledConnection>>& connections) {
  Duration shortest = Duration::max();
  for (const auto& connection : connections) {
    shortest = std::min(shortest, connection->schedule().in_force().interval);
  }
  return shortest;
}

}  // namespace

Account::Account(AccountKey key, AccountPlan plan, PollingContext& context, std::uint64_t seed,
                 Instant now)
    : key_(key),
      context_(context),
      plan_(std::move(plan)),
      queue_(plan_.rate_limit, now),
      random_(seed),
      refresh_{.account = key} {
  if (plan_.discovery) ScheduleRefresh(now);
}

Account::~Account() {
  for (const auto& connection : connections_) {
    Cancel(*connection);
    context_.wakes.Remove(*connection);
  }
  Cancel(refresh_);
  context_.wakes.Remove(refresh_);
}

void Account::Change(const AccountPlan& plan, Instant now) {
  const AccountPlan before = std::exchange(plan_, plan);
  const bool other_endpoint = *before.endpoint != *plan.endpoint;
  // An equal endpoint is kept, and with it its open connections.
  if (!other_endpoint) plan_.endpoint = before.endpoint;
  queue_.limiter().Configure(plan.rate_limit, now);
  if (plan.rate_limit.requests_per_second > before.rate_limit.requests_per_second) {
    for (const auto& connection : connections_) {
      connection->Reschedule(&PollSchedule::OnRateRaised, now);
    }
  }
  if (other_endpoint) ForgetKey(now);
  ApplyDiscovery(before, other_endpoint, now);
  context_.observers.Tell(&PollObserver::OnAccountChanged, key_, plan_);
}

// Nothing that the API refused under the old key is known to be refused under the new one.
void Account::ForgetKey(Instant now) {
  const bool was_refused = key_guard_.refused();
  key_guard_.Forget();
  for (const auto& connection : connections_) {
    if (!was_refused && connection->schedule().refusals() == 0) continue;
    connection->Reschedule(&PollSchedule::Retry, now);
  }
}

void Account::ApplyDiscovery(const AccountPlan& before_plan, bool other_endpoint, Instant now) {
  const auto& before = before_plan.discovery;
  if (!plan_.discovery) {
    StopRefresh();
    discovered_ = {};
    refresh_schedule_ = {};
    return;
  }
  if (before && before->channel_limits && !plan_.discovery->channel_limits) {
    discovered_.ForgetLimits();
  }
  if (!before || other_endpoint || NeedsNewLists(before_plan, plan_, discovered_)) {
    StopRefresh();
    refresh_.due = now;
    context_.wakes.Update(refresh_);
  } else {
    ScheduleRefresh(now);
  }
}

void Account::ScheduleRefresh(Instant now) {
  if (refresh_.sequence || refresh_.waiting_since) return;
  refresh_.due = refresh_schedule_.NextDue(plan_.discovery->refresh_interval, now);
  context_.wakes.Update(refresh_);
}

void Account::StopRefresh() {
  Cancel(refresh_);
  queue_.Remove(refresh_);
  refresh_.sequence.reset();
  refresh_.waiting_since.reset();
  refresh_.retry = refresh_.due = kNever;
  context_.wakes.Update(refresh_);
}

void Account::ApplyConnections(Instant now) {
  const std::vector<ConnectionPlan> plans = ConnectionsToPoll(plan_, discovered_, context_.shard);
  std::unordered_set<std::string_view> wanted;
  for (const ConnectionPlan& plan : plans) wanted.insert(plan.id);
  RemoveIf(
      [&](const PolledConnection& connection) { return !wanted.contains(connection.plan().id); });
  // Of those that stay: the ids are views into `plans`.
  std::unordered_map<std::string_view, PolledConnection*> present;
  for (const auto& connection : connections_) {
    present.emplace(*wanted.find(connection->plan().id), connection.get());
  }
  for (const ConnectionPlan& plan : plans) {
    const auto known = present.find(plan.id);
    if (known == present.end()) {
      connections_.push_back(std::make_unique<PolledConnection>(
          context_, key_, plan, StableHash(plan_.name, plan.id), now));
      context_.observers.Tell(&PollObserver::OnConnectionAdded, connections_.back()->key(), key_,
                              plan);
      connections_.back()->Reschedule();
      connections_.back()->Stretch(budget_.stretch(), now);
    } else {
      known->second->Change(plan, now);
    }
  }
  // Exact again: what changes add and subtract is rounded.
  budget_.Clear();
  for (const auto& connection : connections_) connection->CountDemand(budget_, true);
}

void Account::PollSoon(Instant now) {
  for (const auto& connection : connections_) connection->Reschedule(&PollSchedule::PollSoon, now);
}

void Account::RemoveConnections() {
  RemoveIf([](const PolledConnection& /*connection*/) { return true; });
}

void Account::RemoveIf(const std::function<bool(const PolledConnection&)>& gone) {
  std::erase_if(connections_, [&](const std::unique_ptr<PolledConnection>& connection) {
    if (!gone(*connection)) return false;
    Cancel(*connection);
    queue_.Remove(*connection);
    std::erase(expired_, connection.get());
    context_.wakes.Remove(*connection);
    key_guard_.OnPollOver(connection->key());
    context_.observers.Tell(&PollObserver::OnConnectionRemoved, connection->key());
    context_.connection_keys.Release(connection->key());
    return true;
  });
}

RequestDemand Account::Demand() const {
  return budget_.DemandWith(
      plan_.discovery ? refresh_schedule_.Demand(plan_.discovery->refresh_interval) : 0);
}

void Account::ReviewBudget(Instant now) {
  const RequestDemand demand = Demand();
  const RequestBudget budget{.required_per_second = demand.total(),
                             .allowed_per_second = queue_.limiter().RateAt(now),
                             .connections = connections_.size()};
  if (budget_.UpdateStretch(demand, budget.allowed_per_second)) {
    for (const auto& connection : connections_) connection->Stretch(budget_.stretch(), now);
  }
  const bool recovers = budget.allowed_per_second < plan_.rate_limit.requests_per_second;
  if (budget_.Report(budget, recovers))
    context_.observers.Tell(&PollObserver::OnBudgetChanged, key_, budget);
  if (recovers == (refresh_.check != kNever)) return;
  refresh_.check = recovers ? now + kBudgetReviewInterval : kNever;
  context_.wakes.Update(refresh_);
}

void Account::OnWake(Job& job, Instant now) {
  const Instant wake = job.Wake();
  if (job.sequence && job.sequence->deadline() == wake) {
    OnDeadline(job, now);
  } else if (job.retry == wake) {
    job.retry = kNever;
    queue_.AddNextRequest(job, now);
  } else if (job.due == wake && job.connection) {
    if (!ConnectionOf(job).OnDue(now)) return;
    if (key_guard_.HoldsBack(now)) {
      ConnectionOf(job).FailWithoutRequest(key_guard_.failure(), now);
    } else {
      queue_.AddNewPoll(job, now);
    }
  } else if (job.due == wake) {
    job.waiting_since = std::exchange(job.due, kNever);
    queue_.AddNextRequest(job, now);
  } else {
    job.check = kNever;
    // A poll that may begin in this very step is in time.
    job.connection ? expired_.push_back(&ConnectionOf(job)) : ReviewBudget(now);
  }
  context_.wakes.Update(job);
}

void Account::EndStep(Instant now) {
  for (PolledConnection* connection : std::exchange(expired_, {})) {
    if (connection->schedule().expiry() <= now) {
      const Instant since = connection->waiting_since.value_or(now);
      connection->FailExpired(WhyHeldBack("not asked in time", since, now), now);
    }
    connection->Reschedule();
  }
  queue_.NoteWaiting(now, context_.has_free_slot());
}

// Why no request has been allowed `since` then; `what` came of it.
PollFailure Account::WhyHeldBack(std::string_view what, Instant since, Instant now) const {
  const auto most_at_once =
      context_.has_free_slot() ? std::nullopt : std::optional(context_.max_in_flight);
  return HeldBack(what, queue_.limiter(), Demand().total(), since, most_at_once, now);
}

void Account::OnDeadline(Job& job, Instant now) {
  if (job.request) {
    Cancel(job);
    job.sequence->OnDeadline({.reason = FailureReason::kTimeout,
                              .detail = "the time-out passed with a request under way"});
  } else {
    const bool held_back = !context_.has_free_slot() || queue_.IsHeldBackByLimit(job, now) ||
                           queue_.limiter().WaitTime(now) > Duration::zero();
    queue_.Remove(job);
    const auto after = fmt::format("the time-out passed after page {}", job.sequence->pages_read());
    job.sequence->OnDeadline(held_back
                                 ? WhyHeldBack(after, now, now)
                                 : PollFailure{.reason = FailureReason::kTimeout,
                                               .detail = after + ", before the next request"});
  }
  End(job, std::unexpected(job.sequence->failure()), now);
}

bool Account::MaySend(Instant now) const {
  const auto turn = queue_.NextTurn(now);
  return turn && *turn <= now;
}

void Account::SendNext(Instant now) {
  const auto turn = queue_.TakeTurn(now);
  if (!turn) return;
  if (turn->held_back_by_limit > Duration::zero()) {
    context_.observers.Tell(&PollObserver::OnRateLimiterWait, key_, turn->held_back_by_limit);
  }
  Job& job = *turn->job;
  if (!job.sequence) Begin(job, now);
  const Duration timeout = job.sequence->AttemptTimeout(now);
  ++context_.in_flight;
  ++requests_in_flight_;
  job.endpoint = plan_.endpoint;
  job.request = context_.transport.Send(
      {.endpoint = plan_.endpoint,
       .target = job.sequence->next_target(),
       .connect_timeout = std::min(timeout, kConnectTimeout),
       .timeout = timeout,
       .max_body_bytes = context_.max_response_bytes},
      [this, &job](const Exchange& exchange) { OnExchange(job, exchange); });
  context_.wakes.Update(job);
}

void Account::Begin(Job& job, Instant now) {
  if (job.connection) {
    ConnectionOf(job).Begin(now);
    if (key_guard_.OnPollBegun(*job.connection, now)) HoldBackWaiting(now);
  } else {
    job.waiting_since.reset();
    job.sequence = std::make_unique<ListRefresh>(SelectionOf(plan_, discovered_), now);
  }
}

void Account::Cancel(Job& job) {
  if (!job.request) return;
  context_.transport.Cancel(*std::exchange(job.request, std::nullopt));
  --context_.in_flight;
  --requests_in_flight_;
}

void Account::OnExchange(Job& job, const Exchange& exchange) {
  job.request.reset();
  --context_.in_flight;
  --requests_in_flight_;
  const Instant now = context_.clock.Now();
  const Answer answer =
      ReadAnswer(exchange, context_.clock.WallNow(), job.endpoint->api_key.reveal());
  UpdateLimits(answer, now);

  const double jitter = std::uniform_real_distribution<double>(0, 1)(random_);
  RequestSequence& sequence = *job.sequence;
  const auto next = sequence.OnAnswer(answer, now, jitter);
  if (const std::uint64_t ignored = sequence.TakeIgnoredFields()) {
    context_.observers.Tell(&PollObserver::OnFieldsIgnored, key_, ignored);
  }
  if (job.connection) UpdateKeyGuard(ConnectionOf(job), answer, next, now);
  switch (next) {
    case RequestSequence::Next::kRequest:
      queue_.AddNextRequest(job, now);
      break;
    case RequestSequence::Next::kRetry:
      job.retry = now + sequence.retry_delay();
      context_.observers.Tell(&PollObserver::OnRetry, key_, job.connection,
                              RetryReport{sequence.failure(), sequence.retry_delay()});
      break;
    case RequestSequence::Next::kComplete:
      End(job, {}, now);
      break;
    case RequestSequence::Next::kFailed:
      End(job, std::unexpected(sequence.failure()), now);
      break;
  }
  context_.wakes.Update(job);
  ReviewBudget(now);
}

void Account::UpdateLimits(const Answer& answer, Instant now) {
  RateLimiter& limiter = queue_.limiter();
  const RetryAdvice& advice = answer.advice;
  const auto remaining = answer.quota.remaining;
  if (answer.status == 429) {
    limiter.OnRefused(now - answer.elapsed, now,
                      advice.retry_after.value_or(advice.rate_limit_reset.value_or(Duration{})));
  } else if (remaining && advice.rate_limit_reset) {
    // Requests under way are not in the server's count yet.
    limiter.OnQuota(now - answer.elapsed,
                    *remaining - std::min<std::uint64_t>(*remaining, requests_in_flight_),
                    *advice.rate_limit_reset, now);
  }
  context_.observers.Tell(&PollObserver::OnRequestEnded, key_,
                          RequestReport{.http_status = answer.status,
                                        .elapsed = answer.elapsed,
                                        .body_bytes = answer.body_bytes,
                                        .rate_limit_limit = ToNumber(answer.quota.limit),
                                        .rate_limit_remaining = ToNumber(remaining),
                                        .rate_limit = limiter.limit(),
                                        .requests_per_second = limiter.RateAt(now)});
}

void Account::UpdateKeyGuard(PolledConnection& connection, const Answer& answer,
                             RequestSequence::Next next, Instant now) {
  if (connection.endpoint != plan_.endpoint) return;  // sent with an old key
  const bool goes_on =
      next == RequestSequence::Next::kRequest || next == RequestSequence::Next::kComplete;
  // Only who takes the key goes on to look at the connection.
  const bool looked_further = !answer.page && RefusesConnection(answer.page.error().reason);
  if (goes_on || looked_further) {
    connection.NoteKeyAccepted();
    if (key_guard_.OnAccepted(now)) TellKeyAccepted(now);
    return;
  }
  if (answer.status != 401 || next != RequestSequence::Next::kFailed) return;
  // The key was accepted for the page before.
  if (connection.sequence->pages_read() > 0) return;
  if (connection.NoteKeyRefused(key_guard_.accepted_at(), now)) return;
  const Duration shortest = ShortestInterval(connections_);
  const auto wait =
      key_guard_.OnRefused(connection.sequence->begun(), now, shortest, answer.page.error());
  if (!wait) return;
  if (shortest > *wait) connection.Reschedule(&PollSchedule::PollBy, now + *wait);
  context_.observers.Tell(&PollObserver::OnKeyRefused, key_,
                          KeyRefusalReport{.failure = key_guard_.failure(),
                                           .connection_id = connection.plan().id,
                                           .refusals = key_guard_.refusals(),
                                           .wait = *wait});
  HoldBackWaiting(now);
}

void Account::TellKeyAccepted(Instant now) {
  context_.observers.Tell(&PollObserver::OnKeyAccepted, key_);
  for (const auto& connection : connections_) connection->RetryAfterKeyRefusal(now);
}

void Account::HoldBackWaiting(Instant now) {
  for (Job* job : queue_.TakeNewPolls()) {
    ConnectionOf(*job).FailWithoutRequest(key_guard_.failure(), now);
  }
}

void Account::End(Job& job, const Outcome& outcome, Instant now) {
  job.retry = kNever;
  if (!job.connection) return EndRefresh(outcome, now);
  PolledConnection& connection = ConnectionOf(job);
  key_guard_.OnPollOver(connection.key());
  // Nothing that the API refused under an old key is known to be refused under the present one.
  const bool old_key_refused = !outcome && job.endpoint != plan_.endpoint &&
                               outcome.error().reason == FailureReason::kUnauthorized;
  if (old_key_refused) connection.Reschedule(&PollSchedule::Retry, now);
  connection.End(outcome, now);
  connection.CountDemand(budget_);
}

void Account::EndRefresh(const Outcome& outcome, Instant now) {
  DiscoveryReport report{
      .ended_wall = context_.clock.WallNow(), .result = std::size_t{0}, .known = discovered_};
  const auto sequence = std::move(refresh_.sequence);
  if (outcome) {
    refresh_schedule_.OnComplete(sequence->pages_read());
    discovered_.Update(static_cast<ListRefresh&>(*sequence).TakeLists());
    ApplyConnections(now);
    // The lists prove the key, though for no poll yet: with another key they are read again.
    if (key_guard_.refused()) {
      key_guard_.Forget();
      TellKeyAccepted(now);
    }
    report.result = static_cast<std::size_t>(std::ranges::count_if(
        connections_, [](const auto& connection) { return connection->plan().discovered; }));
  } else {
    refresh_schedule_.OnFailed();
    report.result = std::unexpected(outcome.error());
  }
  refresh_schedule_.OnOver(now, std::uniform_real_distribution<double>(0, 1)(random_));
  ScheduleRefresh(now);
  context_.observers.Tell(&PollObserver::OnDiscoveryEnded, key_, report);
}

}  // namespace telnyx_exporter
