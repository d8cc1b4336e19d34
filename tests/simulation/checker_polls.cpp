// What the exporter says of requests, polls and keys.

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "simulation/checker.h"
#include "simulation/names.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

constexpr Duration kCountsKept = std::chrono::hours(2);

constexpr std::size_t IndexOf(FailureReason reason) { return static_cast<std::size_t>(reason); }

bool IsSlowedDown(FailureReason reason) {
  return reason == FailureReason::kForbidden || reason == FailureReason::kNotFound ||
         reason == FailureReason::kUnprocessable;
}

// Whether the API must have looked at the key and taken it.
bool ProvesKey(const Outcome& outcome) {
  if (outcome.error) return false;
  return outcome.page != nullptr || outcome.status == 403 || outcome.status == 404 ||
         outcome.status == 422;
}

}  // namespace

void Checker::OnRequestEnded(AccountKey key, const RequestReport& report) {
  Require(answer_.has_value() && !answer_->reported, "a request's end is reported without need");
  AccountModel& account = AccountOf(key);
  const Outcome& outcome = answer_->outcome;
  Require(answer_->account == key, "another account's request");
  Require(report.http_status == (outcome.error ? 0 : outcome.status), "a request ended with {}",
          report.http_status);
  Require(report.elapsed == answer_->elapsed && report.body_bytes == answer_->body_bytes,
          "a request took {} s for {} bytes", ToSeconds(report.elapsed), report.body_bytes);
  answer_->reported = true;

  ++account.requests[report.http_status];
  account.body_bytes += report.body_bytes;
  const Instant now = clock_.Now();
  if (!outcome.error) {
    const Advice& advice = outcome.advice;
    if (advice.remaining) account.rate_limit_remaining = static_cast<double>(*advice.remaining);
    Require(report.rate_limit_remaining.has_value() == advice.remaining.has_value(),
            "x-ratelimit-remaining was misread");
    account.rate_limit_limit =
        report.rate_limit_limit ? report.rate_limit_limit : account.rate_limit_limit;
    if (outcome.status == 429) {
      const Duration reset = advice.reset.value_or(Duration{});
      const Duration wait = advice.RetryAfter(clock_.WallNow()).value_or(reset);
      account.rate.OnRefused(now - answer_->elapsed, now, wait);
    } else if (advice.remaining && advice.reset) {
      const std::uint64_t under_way = account.requests_in_flight;
      account.rate.OnQuota(now - answer_->elapsed,
                           *advice.remaining - std::min(*advice.remaining, under_way),
                           *advice.reset, now);
    }
  }
  listener_->OnRequestEnded(key, report);
}

void Checker::OnRetry(AccountKey account, std::optional<ConnectionKey> key,
                      const RetryReport& report) {
  Require(answer_ && !answer_->settled && answer_->account == account && answer_->connection == key,
          "a request is retried without an answer");
  answer_->settled = true;
  SequenceRecord& record = *RecordOf(account, key);
  record.OnRetry(report.delay, clock_.Now());
  Require(report.failure.reason == record.expectation().reason,
          "a request is retried because of {}", ReasonLabel(report.failure.reason));
  moments_.Add(record.retry_at(),
               {.kind = Moment::Kind::kRetry, .account = account, .connection = key});
  ++AccountOf(account).retries;
  ++statistics_.retries;
  trace_.Add(clock_.Now(), "retry", AccountOf(account).index, report.delay.count());
  listener_->OnRetry(account, key, report);
}

void Checker::OnRateLimiterWait(AccountKey key, Duration waited) {
  Require(waited > Duration::zero(), "a wait of {} s", ToSeconds(waited));
  AccountOf(key).told_wait = waited;
  AccountOf(key).limiter_wait += ToSeconds(waited);
  ++statistics_.limiter_waits;
  listener_->OnRateLimiterWait(key, waited);
}

void Checker::OnKeyRefused(AccountKey key, const KeyRefusalReport& report) {
  AccountModel& account = AccountOf(key);
  const auto refused = std::ranges::find_if(account.connections, [&](ConnectionKey connection) {
    return ConnectionOf(connection).plan.id == report.connection_id;
  });
  Require(refused != account.connections.end(), "a key was refused without a request");
  ConnectionModel& connection = ConnectionOf(*refused);
  Require(connection.poll.has_value(), "a key refused without a poll");
  if (IsAnswered(connection)) {
    Require(answer_->outcome.status == 401 && !answer_->outcome.error, "a key was not refused");
    Require(HasPresentKey(connection), "the present key is blamed for an old one's refusal");
    Require(!IsRefusedAlone(connection), "a connection's own refusal is blamed on the key");
  }
  ++account.key_refusals;
  Require(report.refusals == account.key_refusals, "a key's refusal {} instead of {}",
          report.refusals, account.key_refusals);
  const Duration interval = ShortestInterval(account);
  constexpr Duration kLongestWait = std::chrono::minutes(5);
  const Duration wait = std::min(SlowedInterval(interval, account.key_refusals), kLongestWait);
  Require(report.wait == wait, "a refused key waits {} s instead of {}", ToSeconds(report.wait),
          ToSeconds(wait));
  account.key_refused_at = Now();
  // Somebody tries the key in time, however long the intervals.
  const bool none_in_time = interval > wait;
  account.key_held_until = Now() + wait - (none_in_time ? Duration::zero() : interval);
  if (none_in_time) ExpectDue(connection, std::min(connection.due.next(), Now() + wait));
  key_news_ = connection.key;
  Require(connection.poll->pages() == 0, "a later page's refusal is blamed on the key");
  ++statistics_.key_refusals;
  Note("key refused", connection, account.key_refusals);
  listener_->OnKeyRefused(key, report);
}

void Checker::OnKeyAccepted(AccountKey key) {
  AccountModel& account = AccountOf(key);
  Require(account.key_refusals > 0, "a key was accepted that had not been refused");
  // Of lists that were read to the end at least the first page was there.
  const bool by_lists = answer_ && !answer_->connection && account.refresh &&
                        account.refresh->expectation().kind == Expectation::Kind::kComplete;
  Require(by_lists || (answer_ && ProvesKey(answer_->outcome)), "a key was accepted without proof");
  Require(answer_->key == PlaceOf(*PlanOf(account).endpoint).key,
          "the present key is praised for an old one's acceptance");
  account.key_refusals = 0;
  for (const ConnectionKey other : account.connections) {
    ConnectionModel& connection = ConnectionOf(other);
    const bool is_under_way = connection.poll || connection.waits_since_due;
    const bool failed = std::exchange(connection.failed_by_key, false);
    if (!failed || is_under_way || connection.refusals > 0) continue;
    ExpectDue(connection, std::min(connection.due.next(),
                                   connection.due.FirstPlace(connection.plan.interval, Now())));
  }
  ++statistics_.keys_accepted;
  listener_->OnKeyAccepted(key);
}

void Checker::OnPollEnded(ConnectionKey key, const PollReport& report) {
  ConnectionModel& connection = ConnectionOf(key);
  const Instant now = Now();
  Require(report.ended == now && report.ended_wall == clock_.WallNow(), "a poll's end is wrong");
  if (report.held_back) {
    EndHeldBack(connection, report);
    listener_->OnPollEnded(key, report);
    return;
  }
  Require(connection.poll.has_value(), "a poll ended twice, or never began");
  Require(!connection.request, "a poll ended before its request");
  Require(report.elapsed == now - connection.poll->begun(), "a poll's duration is wrong");
  if (IsAnswered(connection)) {
    Require(!answer_->settled, "a poll ended twice");
    answer_->settled = true;
  }
  Require(report.changes.has_value() == report.result.has_value(),
          "a poll's changes are not told, or told without need");
  if (report.result) {
    CheckComplete(connection, *report.result, now);
    if (report.changes) {
      connection.legs.Update(DistinctLegs(connection.poll->rows()), now,
                             connection.in_force.interval, *report.changes);
      statistics_.started += report.changes->started;
      statistics_.completed += report.changes->completed.count();
    }
  } else {
    CheckFailed(connection, report);
  }
  CheckKeyNews(connection, report);
  LearnFrom(connection, report);
  Keep(connection, report);
  listener_->OnPollEnded(key, report);
}

void Checker::CheckComplete(ConnectionModel& connection, const CompletePoll& poll, Instant now) {
  PollRecord& record = *connection.poll;
  Require(IsAnswered(connection) && record.expectation().kind == Expectation::Kind::kComplete,
          "a walk that did not come to its end was published");
  Require(now <= record.deadline(), "a poll was complete {} s after its time-out",
          ToSeconds(now - record.deadline()));
  Require(poll.pages == record.pages() && poll.reported_legs == record.reported(),
          "a poll of {} pages says {}", record.pages(), poll.pages);
  const std::vector<Row> legs = DistinctLegs(record.rows());
  const CallSummary right = SumUp(record.rows(), legs, plan_.duration_bounds);
  Require(poll.summary.legs == right.legs, "{} legs were counted instead of {}", poll.summary.legs,
          right.legs);
  Require(poll.summary.sessions == right.sessions, "{} sessions were counted instead of {}",
          poll.summary.sessions.value_or(0), right.sessions.value_or(0));
  Require(poll.summary.bucket_counts == right.bucket_counts &&
              poll.summary.total_seconds == right.total_seconds &&
              poll.summary.longest_seconds == right.longest_seconds,
          "the durations of {} legs are wrong", right.legs);
  CheckDetails(poll, legs);
  CheckTruth(connection, legs);
  statistics_.most_pages = std::max<std::uint64_t>(statistics_.most_pages, record.pages());
  ++statistics_.complete;
}

// Native buckets, the longest calls, and the calls above each threshold.
void Checker::CheckDetails(const CompletePoll& poll, const std::vector<Row>& legs) const {
  std::map<std::int32_t, std::uint64_t> buckets;
  std::uint64_t zero = 0;
  std::vector<std::uint32_t> seconds;
  for (const Row& leg : legs) {
    seconds.push_back(leg.seconds);
    // Eight buckets for each doubling, with the upper bound in the bucket.
    const auto bucket = static_cast<std::int32_t>(
        std::ceil(std::log2(static_cast<double>(leg.seconds)) * 8 - 1e-9));
    leg.seconds == 0 ? ++zero : ++buckets[bucket];
  }
  std::map<std::int32_t, std::uint64_t> told;
  for (const auto& bucket : poll.summary.duration_buckets) told[bucket.index] = bucket.count;
  Require(poll.summary.zero_seconds_legs == zero && told == buckets, "native buckets are wrong");
  std::ranges::sort(seconds, std::greater<>());
  Require(poll.long_call_thresholds != nullptr &&
              *poll.long_call_thresholds == plan_.long_call_thresholds,
          "long calls are counted by other thresholds than planned");
  std::vector<std::uint64_t> longer;
  for (const std::uint32_t threshold : plan_.long_call_thresholds) {
    longer.push_back(static_cast<std::uint64_t>(
        std::ranges::count_if(seconds, [&](std::uint32_t lasted) { return lasted > threshold; })));
  }
  Require(poll.summary.longer_than == longer, "long calls are counted wrong");
  Require(poll.longest_calls.size() == std::min<std::size_t>(10, seconds.size()),
          "{} calls are told as the longest", poll.longest_calls.size());
  for (std::size_t i = 0; i < poll.longest_calls.size(); ++i) {
    Require(poll.longest_calls[i].duration_seconds == seconds[i],
            "a call of {} s is told among the longest instead of one of {} s",
            poll.longest_calls[i].duration_seconds, seconds[i]);
  }
}

// The legs served against the calls that there really were.
void Checker::CheckTruth(ConnectionModel& connection, const std::vector<Row>& legs) {
  const PollRecord& record = *connection.poll;
  CallHistory& history = api_.connection(connection.place).history;
  auto served = legs.begin();
  std::uint64_t missed = 0;
  std::uint64_t ended = 0;
  bool changed = false;
  for (const Leg& leg : history.legs()) {
    if (leg.ends <= record.begun() || leg.begins > record.served_last()) continue;
    const bool throughout = leg.begins <= record.begun() && leg.ends > record.served_last();
    changed = changed || !throughout;
    if (leg.ends <= record.served_last()) ++ended;
    while (served != legs.end() && served->leg < leg.number) ++served;
    if (throughout && (served == legs.end() || served->leg != leg.number)) ++missed;
  }
  // Where pages are numbered, each call that ends moves a later one to a page already read.
  Require(missed <= (record.uses_page_numbers() ? ended : 0),
          "{} legs were there all the time and are not counted", missed);
  if (!changed) ++statistics_.unchanged;
}

// Said to have begun and failed, without a request.
void Checker::EndHeldBack(ConnectionModel& connection, const PollReport& report) {
  Require(connection.said_to_begin.has_value() && !report.result && !report.changes &&
              report.elapsed == Duration::zero(),
          "a poll was held back after its beginning");
  const Duration lag = *std::exchange(connection.said_to_begin, std::nullopt);
  const FailureReason reason = report.result.error().reason;
  if (reason == FailureReason::kUnauthorized) {
    CheckHeldBackByKey(connection, lag);
    NoteTried(connection);
  } else {
    const bool fell_due = !connection.waits_since_due && connection.due.next() <= step_time_;
    if (fell_due) ElapseDue(connection, connection.due.next());
    Require(lag == Now() - connection.waits_since_due.value_or(Now()),
            "a poll that did not begin was due {} s ago", ToSeconds(lag));
    CheckExpired(connection, report);
  }
  Require(report.next_due == connection.due.next() && report.in_force == connection.in_force,
          "a poll that was held back tells wrong times");
  connection.last_poll = report.elapsed;
  NoteFailure(connection, reason);
}

void Checker::CheckHeldBackByKey(ConnectionModel& connection, Duration lag) {
  const AccountModel& account = AccountOf(connection.account);
  Require(account.key_refusals > 0, "a poll was held back although no key is refused");
  const bool early = Now() == account.key_refused_at || Now() < account.key_held_until;
  Require(early || KeyIsTried(account), "a poll is held back and no poll tries the key");
  BeginPoll(connection, lag);
  ++statistics_.held_back;
}

void Checker::CheckFailed(ConnectionModel& connection, const PollReport& report) {
  const PollFailure& failure = report.result.error();
  Require(connection.poll->requests() > 0, "a poll failed before it asked");
  connection.poll->RequireFailure(failure.reason, Now(), IsAnswered(connection));
}

bool Checker::AnsweredWithPresentKey(const AccountModel& account) {
  return answer_ && answer_->key == PlaceOf(*PlanOf(account).endpoint).key;
}

bool Checker::HasPresentKey(const ConnectionModel& connection) {
  return IsAnswered(connection) && AnsweredWithPresentKey(AccountOf(connection.account));
}

// Its key was refused before, and accepted for another connection since.
bool Checker::IsRefusedAlone(const ConnectionModel& connection) {
  const auto accepted = AccountOf(connection.account).key_accepted_at;
  return connection.key_refused_at && accepted && *accepted > *connection.key_refused_at;
}

// A page that is of use, or a refusal of the connection alone.
void Checker::NoteKeyAccepted(ConnectionModel& connection) {
  if (!HasPresentKey(connection)) return;
  const Expectation::Kind kind = connection.poll->expectation().kind;
  const bool goes_on = kind == Expectation::Kind::kComplete || kind == Expectation::Kind::kNextPage;
  const int status = answer_->outcome.error ? 0 : answer_->outcome.status;
  if (!goes_on && status != 403 && status != 404 && status != 422) return;
  connection.key_refused_at.reset();
  AccountOf(connection.account).key_accepted_at = Now();
}

// Whether the exporter has drawn its conclusions about the account's key, which it does before it
// reports the poll.
void Checker::CheckKeyNews(ConnectionModel& connection, const PollReport& report) {
  AccountModel& account = AccountOf(connection.account);
  const bool news = std::exchange(key_news_, std::nullopt) == connection.key;
  if (!HasPresentKey(connection)) return;
  if (!report.result && !answer_->outcome.error && answer_->outcome.status == 401) {
    if (connection.poll->pages() > 0) {
      ++statistics_.refused_in_walk;
      return;
    }
    connection.refused_alone = IsRefusedAlone(connection);
    connection.key_refused_at = Now();
    if (connection.refused_alone) {
      Require(!news, "a connection's own refusal is blamed on the key");
      return;
    }
    const bool known = account.key_refusals > 0 && !news;
    Require(!known || connection.poll->begun() <= account.key_refused_at,
            "a refused key was not noticed");
    Require(account.key_refusals > 0, "a refused key was not noticed");
  } else if (report.result ||
             (IsSlowedDown(report.result.error().reason) && ProvesKey(answer_->outcome))) {
    Require(account.key_refusals == 0, "an accepted key was not noticed");
  }
}

void Checker::LearnFrom(ConnectionModel& connection, const PollReport& report) {
  const bool about_key =
      !report.result && report.result.error().reason == FailureReason::kUnauthorized;
  if (!report.result && report.result.error().reason == FailureReason::kRequestBudget) {
    connection.pages = std::max(connection.pages, connection.poll->pages() + 1);
  }
  if (!about_key || connection.refused_alone) {
    const bool refused = about_key || (!report.result && connection.poll->pages() == 0 &&
                                       IsSlowedDown(report.result.error().reason));
    connection.refusals = refused ? connection.refusals + 1 : 0;
    if (connection.refusals >= 2) {
      const Duration interval = connection.in_force.interval;
      const Duration slowed = SlowedInterval(interval, connection.refusals);
      connection.due.SlowDownUntil(Now() + slowed - interval);
      ExpectDue(connection, connection.due.FirstAfter(Now()));
    }
  }
  const bool old_key = connection.sent_to != AccountOf(connection.account).endpoints;
  if (about_key && old_key) ForgetRefusals(connection);
  ChangeIdleness(connection, report);
  Require(report.next_due == connection.due.next(), "the next poll is due in {} s instead of {}",
          ToSeconds(report.next_due.value_or(Instant{}) - Now()),
          ToSeconds(connection.due.next() - Now()));
}

void Checker::NoteFailure(ConnectionModel& connection, FailureReason reason) {
  connection.failure = reason;
  connection.failed_by_key = reason == FailureReason::kUnauthorized;
  ++connection.failures;
  ++AccountOf(connection.account).failures[IndexOf(reason)];
  ++statistics_.failures[IndexOf(reason)];
  Note("fail", connection, IndexOf(reason));
}

void Checker::Keep(ConnectionModel& connection, const PollReport& report) {
  connection.last_poll = report.elapsed;
  if (report.result) {
    const CompletePoll& poll = *report.result;
    auto& counts = connection.counts;
    counts.emplace_back(report.ended, poll.summary.legs);
    while (report.ended - counts.front().first > kCountsKept) counts.pop_front();
    connection.complete = {.summary = poll.summary,
                           .bounds = plan_.duration_bounds,
                           .long_call_thresholds = plan_.long_call_thresholds,
                           .reported = poll.reported_legs,
                           .pages = poll.pages,
                           .ended = report.ended,
                           .ended_wall = report.ended_wall};
    connection.failure.reset();
    connection.failed_by_key = false;
    if (poll.reported_legs.value_or(poll.summary.legs) != poll.summary.legs) {
      ++connection.mismatches;
    }
    Note("complete", connection, poll.summary.legs, poll.summary.total_seconds);
  } else {
    NoteFailure(connection, report.result.error().reason);
  }
  SetNotReady(connection);
  connection.poll.reset();
  api_.connection(connection.place).history.KeepSince(std::nullopt);
}

}  // namespace telnyx_exporter::simulation
