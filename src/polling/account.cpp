// How an account's jobs become due, send and end.

#include "polling/account.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "polling/list_refresh.h"
#include "polling/retry_policy.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectTimeout = 5s;

std::optional<double> ToNumber(std::optional<std::uint64_t> count) {
  return count ? std::optional(static_cast<double>(*count)) : std::nullopt;
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

void Account::OnWake(Job& job, Instant now) {
  const Instant wake = job.Wake();
  if (job.sequence && job.sequence->deadline() == wake) {
    OnDeadline(job, now);
  } else if (job.retry == wake) {
    job.retry = kNever;
    queue_.AddNextRequest(job, now);
  } else if (job.due == wake) {
    job.connection ? OnConnectionDue(static_cast<Connection&>(job), now) : OnRefreshDue(now);
  } else {
    job.check = kNever;
    // A poll that may begin in this very step is in time.
    job.connection ? expired_.push_back(static_cast<Connection*>(&job)) : ReviewBudget(now);
  }
  context_.wakes.Update(job);
}

void Account::EndStep(Instant now) {
  for (Connection* connection : std::exchange(expired_, {})) FailExpired(*connection, now);
  queue_.NoteWaiting(now, context_.has_free_slot());
}

void Account::Reschedule(Connection& connection) {
  const bool round_over = context_.single_round && connection.schedule.was_due();
  connection.due = round_over ? kNever : connection.schedule.due();
  connection.check = round_over ? kNever : connection.schedule.expiry();
  context_.wakes.Update(connection);
}

void Account::OnRefreshDue(Instant now) {
  refresh_.waiting_since = std::exchange(refresh_.due, kNever);
  queue_.AddNextRequest(refresh_, now);
}

void Account::OnConnectionDue(Connection& connection, Instant now) {
  const Instant due = connection.due;
  const bool busy = connection.sequence || connection.waiting_since;
  std::uint64_t missed = connection.schedule.OnDue(now);
  if (context_.single_round) missed = 0;  // there is no other place in time to go on at
  Reschedule(connection);
  // Whole intervals have passed unseen: the machine slept. To poll now, as all connections would,
  // were a burst; each goes on at its own next place in time.
  const std::uint64_t skipped = missed + (busy || missed > 0 ? 1 : 0);
  if (skipped > 0) {
    context_.observer.OnPollsSkipped(connection.key, skipped);
    return;
  }
  connection.waiting_since = due;
  if (key_guard_.HoldsBack(now)) {
    FailWithoutRequest(connection, key_guard_.failure(), now);
  } else {
    queue_.AddNewPoll(connection, now);
  }
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
                                 ? HeldBack(after, now, now)
                                 : PollFailure{.reason = FailureReason::kTimeout,
                                               .detail = after + ", before the next request"});
  }
  End(job, std::unexpected(job.sequence->failure()), now);
}

bool Account::SendNext(Instant now) {
  const auto turn = queue_.TakeTurn(now);
  if (!turn) return false;
  if (turn->held_back_by_limit > Duration::zero()) {
    context_.observer.OnRateLimiterWait(key_, turn->held_back_by_limit);
  }
  if (!turn->job->sequence) Begin(*turn->job, now);
  Send(*turn->job, now);
  context_.wakes.Update(*turn->job);
  return true;
}

void Account::Begin(Job& job, Instant now) {
  const Duration lag = now - std::exchange(job.waiting_since, std::nullopt).value_or(now);
  if (!job.connection) {
    job.sequence = std::make_unique<ListRefresh>(SelectionOf(plan_, discovered_), now);
    return;
  }
  auto& connection = static_cast<Connection&>(job);
  connection.sequence = std::make_unique<Poll>(connection.plan.id, context_.walk, now,
                                               connection.plan.timeout, context_.workspace);
  connection.schedule.OnBegun(now);
  Reschedule(connection);
  context_.observer.OnPollBegun(connection.key, lag);
  if (key_guard_.OnPollBegun(connection.key, now)) HoldBackWaiting(now);
}

void Account::Send(Job& job, Instant now) {
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
  const Answer answer = ReadAnswer(exchange, context_.clock.WallNow());
  LearnLimits(answer, now);

  const double jitter = std::uniform_real_distribution<double>(0, 1)(random_);
  RequestSequence& sequence = *job.sequence;
  const auto next = sequence.OnAnswer(answer, now, jitter);
  if (const std::uint64_t ignored = sequence.TakeIgnoredFields()) {
    context_.observer.OnFieldsIgnored(key_, ignored);
  }
  if (job.connection) LearnOfKey(static_cast<Connection&>(job), answer, next, now);
  switch (next) {
    case RequestSequence::Next::kRequest:
      queue_.AddNextRequest(job, now);
      break;
    case RequestSequence::Next::kRetry:
      job.retry = now + sequence.retry_delay();
      context_.observer.OnRetry(key_, job.connection, {sequence.failure(), sequence.retry_delay()});
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

void Account::LearnLimits(const Answer& answer, Instant now) {
  RateLimiter& limiter = queue_.limiter();
  const RetryAdvice& advice = answer.advice;
  const auto remaining = answer.quota.remaining;
  if (answer.status == 429) {
    limiter.OnRefused(now - answer.elapsed, now,
                      advice.retry_after.value_or(advice.rate_limit_reset.value_or(Duration{})));
  } else if (remaining && advice.rate_limit_reset) {
    // Requests under way are not in the server's count yet.
    limiter.OnQuota(*remaining - std::min<std::uint64_t>(*remaining, requests_in_flight_),
                    *advice.rate_limit_reset, now);
  }
  context_.observer.OnRequestEnded(key_, {.http_status = answer.status,
                                          .elapsed = answer.elapsed,
                                          .body_bytes = answer.body_bytes,
                                          .rate_limit_limit = ToNumber(answer.quota.limit),
                                          .rate_limit_remaining = ToNumber(remaining),
                                          .rate_limit = limiter.limit(),
                                          .requests_per_second = limiter.RateAt(now)});
}

void Account::LearnOfKey(Connection& connection, const Answer& answer, RequestSequence::Next next,
                         Instant now) {
  if (connection.endpoint != plan_.endpoint) return;  // sent with an old key
  const bool goes_on =
      next == RequestSequence::Next::kRequest || next == RequestSequence::Next::kComplete;
  // Only who takes the key goes on to look at the connection.
  const bool looked_further = !answer.page && RefusesConnection(answer.page.error().reason);
  if (goes_on || looked_further) {
    if (key_guard_.OnAccepted()) context_.observer.OnKeyAccepted(key_);
    return;
  }
  if (answer.status != 401 || next != RequestSequence::Next::kFailed) return;
  const auto wait = key_guard_.OnRefused(connection.sequence->begun(), now, ShortestInterval(),
                                         answer.page.error());
  if (!wait) return;
  context_.observer.OnKeyRefused(key_, {.failure = key_guard_.failure(),
                                        .connection_id = connection.plan.id,
                                        .refusals = key_guard_.refusals(),
                                        .wait = *wait});
  HoldBackWaiting(now);
}

Duration Account::ShortestInterval() const {
  Duration shortest = Duration::max();
  for (const auto& connection : connections_) {
    shortest = std::min(shortest, connection->schedule.in_force().interval);
  }
  return shortest;
}

void Account::HoldBackWaiting(Instant now) {
  for (Job* job : queue_.TakeNewPolls()) {
    FailWithoutRequest(static_cast<Connection&>(*job), key_guard_.failure(), now);
  }
}

void Account::End(Job& job, const Outcome& outcome, Instant now) {
  job.retry = kNever;
  job.connection ? EndPoll(static_cast<Connection&>(job), outcome, now) : EndRefresh(outcome, now);
}

CompletePoll Account::Summarize(const Poll& poll, Connection& connection, PollReport& report) {
  CallSummarizer& summarizer = *context_.summarizer;
  SortedLegs& legs = context_.legs;
  legs.Assign(poll.rows());
  CompletePoll complete{.summary = summarizer.Summarize(legs),
                        .duration_bounds = summarizer.duration_bounds(),
                        .long_call_thresholds = summarizer.long_call_thresholds(),
                        .reported_legs = poll.reported_legs(),
                        .pages = poll.pages(),
                        .longest_calls = poll.longest_calls()};
  if (!context_.single_round) {
    report.changes = connection.tracker.Update(legs, report.ended, summarizer.duration_bounds(),
                                               context_.spare_leg_blocks);
  }
  legs.Trim();
  return complete;
}

void Account::EndPoll(Connection& connection, const Outcome& outcome, Instant now) {
  key_guard_.OnPollOver(connection.key);
  const auto sequence = std::move(connection.sequence);
  PollReport report{.ended = now,
                    .ended_wall = context_.clock.WallNow(),
                    .elapsed = now - sequence->begun(),
                    .result = std::unexpected(PollFailure{})};
  if (outcome) {
    report.result = Summarize(static_cast<const Poll&>(*sequence), connection, report);
    connection.schedule.OnComplete(report.result->summary.legs, report.result->pages, now);
    UpdateDemand(connection);
  } else {
    report.result = std::unexpected(outcome.error());
    const FailureReason reason = outcome.error().reason;
    // A refused key says nothing about the connection.
    if (reason != FailureReason::kUnauthorized) {
      connection.schedule.OnFailed(RefusesConnection(reason), now);
    }
  }
  Reschedule(connection);
  report.in_force = connection.schedule.in_force();
  report.next_due = connection.due;
  context_.observer.OnPollEnded(connection.key, report);
}

void Account::FailWithoutRequest(Connection& connection, PollFailure failure, Instant now) {
  failure.detail = "not asked: the account's key was refused a moment before";
  const Instant due = std::exchange(connection.waiting_since, std::nullopt).value_or(now);
  connection.schedule.OnBegun(now);
  Reschedule(connection);
  ReportHeldBack(connection, std::move(failure), now - due, now);
}

void Account::FailExpired(Connection& connection, Instant now) {
  if (connection.schedule.expiry() <= now) {
    connection.schedule.OnExpired();
    ReportHeldBack(connection,
                   HeldBack("not asked in time", connection.waiting_since.value_or(now), now),
                   now - connection.waiting_since.value_or(now), now);
  }
  Reschedule(connection);
}

// Why no request has been allowed `since` then; `what` came of it.
PollFailure Account::HeldBack(std::string_view what, Instant since, Instant now) const {
  const RateLimiter& limiter = queue_.limiter();
  const double needed = Demand().total();
  const bool asked_to_wait = limiter.ApiLimitEnds() > since;
  const bool slowed_down = limiter.RateAt(now) < limiter.limit().requests_per_second &&
                           needed <= limiter.limit().requests_per_second;
  if (asked_to_wait || slowed_down) {
    return {.reason = FailureReason::kRateLimited,
            .detail = fmt::format("{}: the API asked for fewer requests", what)};
  }
  if (!context_.has_free_slot()) {
    return {.reason = FailureReason::kRequestBudget,
            .detail = fmt::format("{}: all {} poll.max_concurrent_requests are under way", what,
                                  context_.max_in_flight)};
  }
  return {
      .reason = FailureReason::kRequestBudget,
      .detail = fmt::format("{}: the account needs {:.3g} requests per second and may send {:.3g}",
                            what, needed, limiter.RateAt(now))};
}

void Account::ReportHeldBack(const Connection& connection, PollFailure failure, Duration lag,
                             Instant now) {
  context_.observer.OnPollBegun(connection.key, lag);
  context_.observer.OnPollEnded(connection.key, {.ended = now,
                                                 .ended_wall = context_.clock.WallNow(),
                                                 .elapsed = Duration::zero(),
                                                 .result = std::unexpected(std::move(failure)),
                                                 .held_back = true,
                                                 .in_force = connection.schedule.in_force(),
                                                 .next_due = connection.due});
}

}  // namespace telnyx_exporter
