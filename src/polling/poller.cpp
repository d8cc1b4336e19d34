#include "polling/poller.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "polling/poller_parts.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectTimeout = 5s;
// With nothing to do the loop still looks around now and then.
constexpr Duration kLongestSleep = 1min;

IntervalInForce InForce(const ConnectionPlan& plan) {
  return {.interval = plan.interval, .stale_after = plan.stale_after.value_or(3 * plan.interval)};
}

std::optional<double> ParseHeaderNumber(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const auto number = ParseUnsigned(TrimWhitespace(*text));
  if (!number) return std::nullopt;
  return static_cast<double>(*number);
}

}  // namespace

Poller::Poller(const PollPlan& plan, PollMode mode, const Clock& clock, Transport& transport,
               PollObserver& observer, std::uint64_t seed)
    : mode_(mode),
      clock_(clock),
      transport_(transport),
      observer_(observer),
      random_(seed),
      legs_(IdFingerprint(random_())) {
  Apply(plan);
}

Poller::~Poller() {
  for (const auto& connection : connections_) {
    if (connection != nullptr) CancelRequest(AccountOf(connection->account), connection->in_flight);
  }
  for (const auto& account : accounts_) {
    if (account != nullptr) CancelRequest(*account, account->in_flight);
  }
}

void Poller::Run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { transport_.Wake(); });
  while (!stop.stop_requested() && !idle()) {
    RunTasks();
    Step();
    if (idle()) break;
    const Instant now = clock_.Now();
    const Instant wake_time = NextWake().value_or(now + kLongestSleep);
    transport_.Run(std::clamp(wake_time - now, Duration::zero(), kLongestSleep));
  }
  const std::lock_guard lock(tasks_mutex_);
  ended_ = true;
  tasks_.clear();
}

void Poller::Post(std::move_only_function<void(Poller&)> task) {
  {
    const std::lock_guard lock(tasks_mutex_);
    if (ended_) return;
    tasks_.push_back(std::move(task));
  }
  transport_.Wake();
}

void Poller::RunTasks() {
  std::vector<std::move_only_function<void(Poller&)>> tasks;
  {
    const std::lock_guard lock(tasks_mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task(*this);
}

bool Poller::idle() const { return mode_ == PollMode::kOnce && left_ == 0; }

void Poller::Step() {
  const Instant now = clock_.Now();
  while (!timers_.empty() && timers_.top().when <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    OnTimer(timer, now);
  }
  while (in_flight_ < max_in_flight_ && AdmitOne(now)) {
  }
}

std::optional<Instant> Poller::NextWake() const {
  std::optional<Instant> wake;
  if (!timers_.empty()) wake = timers_.top().when;
  if (in_flight_ >= max_in_flight_) return wake;
  const Instant now = clock_.Now();
  for (const auto& account : accounts_) {
    if (account == nullptr) continue;
    if (const auto turn = account->queue.NextTurn(now)) {
      wake = wake ? std::min(*wake, *turn) : *turn;
    }
  }
  return wake;
}

void Poller::SetTimer(Instant when, Timer::Kind kind, std::uint64_t serial, AccountKey account,
                      Sender sender) {
  timers_.push({.when = when,
                .order = ++last_timer_,
                .serial = serial,
                .account = account,
                .sender = sender,
                .kind = kind});
}

void Poller::SetDue(Connection& connection, Instant when) {
  connection.next = {.serial = ++last_serial_, .when = when};
  SetTimer(when, Timer::Kind::kDue, connection.next.serial, connection.account, connection.key);
}

RequestSequence* Poller::SequenceOf(Account& account, Sender sender) {
  if (!sender) return account.refresh.get();
  return ConnectionOf(*sender).poll.get();
}

Poller::InFlight& Poller::InFlightOf(Account& account, Sender sender) {
  return sender ? ConnectionOf(*sender).in_flight : account.in_flight;
}

void Poller::OnTimer(const Timer& timer, Instant now) {
  const auto& account = accounts_[static_cast<std::size_t>(timer.account)];
  if (account == nullptr) return;
  if (timer.sender && connections_[static_cast<std::size_t>(*timer.sender)] == nullptr) return;
  if (timer.kind == Timer::Kind::kDue) {
    const DueTime& next = timer.sender ? ConnectionOf(*timer.sender).next : account->next_refresh;
    if (next.serial != timer.serial) return;
    timer.sender ? OnDue(ConnectionOf(*timer.sender), timer.when, now)
                 : OnRefreshDue(*account, now);
    return;
  }
  if (SequenceOf(*account, timer.sender) == nullptr ||
      InFlightOf(*account, timer.sender).serial != timer.serial) {
    return;
  }
  if (timer.kind == Timer::Kind::kRetry) {
    account->queue.AddNextRequest(timer.sender, now);
  } else {
    OnDeadline(*account, timer.sender, now);
  }
}

void Poller::OnDue(Connection& connection, Instant due, Instant now) {
  if (mode_ == PollMode::kContinuous) SetDue(connection, connection.grid.NextAfter(now));
  const bool busy = connection.poll || connection.waits_to_begin;
  const std::uint64_t missed = connection.grid.CountBetween(due, now);
  // Whole intervals have passed unseen: the machine slept. To poll now, as all connections would,
  // were a burst; each goes on at its own next place in time.
  const bool overslept = mode_ == PollMode::kContinuous && missed > 0;
  const std::uint64_t skipped = missed + (busy || overslept ? 1 : 0);
  if (skipped > 0) observer_.OnPollsSkipped(connection.key, skipped);
  if (busy || overslept) return;

  Account& account = AccountOf(connection.account);
  connection.due = due;
  if (HoldsBack(account, connection, now)) {
    FailWithoutRequest(connection, now);
    return;
  }
  if (account.key_refusals > 0) account.key_probe = connection.key;
  connection.waits_to_begin = true;
  account.queue.AddNewPoll(connection.key, now);
}

void Poller::OnDeadline(Account& account, Sender sender, Instant now) {
  RequestSequence& sequence = *SequenceOf(account, sender);
  InFlight& in_flight = InFlightOf(account, sender);
  if (in_flight.request) {
    CancelRequest(account, in_flight);
    sequence.OnDeadline("the time-out passed with a request under way");
  } else {
    account.queue.Remove(sender);
    sequence.OnDeadline("the time-out passed while the next request waited its turn");
  }
  const PollFailure failure = sequence.failure();
  EndSequence(account, sender, now, &failure);
}

bool Poller::AdmitOne(Instant now) {
  // In turn, so that an account with many connections does not starve the others.
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    const auto& account = accounts_[next_account_++ % accounts_.size()];
    if (account != nullptr && AdmitFrom(*account, now)) return true;
  }
  return false;
}

bool Poller::AdmitFrom(Account& account, Instant now) {
  const auto turn = account.queue.TakeTurn(now);
  if (!turn) return false;
  if (turn->held_back_by_limit > Duration::zero()) {
    observer_.OnRateLimiterWait(account.key, turn->held_back_by_limit);
  }
  if (SequenceOf(account, turn->sender) == nullptr) {
    turn->sender ? BeginPoll(ConnectionOf(*turn->sender), now) : BeginRefresh(account, now);
  }
  SendRequest(account, turn->sender, now);
  return true;
}

void Poller::BeginPoll(Connection& connection, Instant now) {
  connection.waits_to_begin = false;
  connection.poll = std::make_unique<Poll>(connection.plan.id, walk_limits_, now,
                                           connection.plan.timeout, workspace_);
  BeginSequence(AccountOf(connection.account), connection.key);
  observer_.OnPollBegun(connection.key, now - connection.due);
}

void Poller::BeginSequence(Account& account, Sender sender) {
  InFlightOf(account, sender).serial = ++last_serial_;
  SetTimer(SequenceOf(account, sender)->deadline(), Timer::Kind::kDeadline, last_serial_,
           account.key, sender);
}

void Poller::SendRequest(Account& account, Sender sender, Instant now) {
  const RequestSequence& sequence = *SequenceOf(account, sender);
  const Duration timeout = sequence.AttemptTimeout(now);
  ++in_flight_;
  ++account.requests_in_flight;
  InFlight& in_flight = InFlightOf(account, sender);
  in_flight.endpoint = account.plan.endpoint;
  in_flight.request = transport_.Send({.endpoint = account.plan.endpoint,
                                       .target = sequence.next_target(),
                                       .connect_timeout = std::min(timeout, kConnectTimeout),
                                       .timeout = timeout,
                                       .max_body_bytes = max_response_bytes_},
                                      [this, &account, sender](const Exchange& exchange) {
                                        OnExchange(account, sender, exchange);
                                      });
}

void Poller::CancelRequest(Account& account, InFlight& in_flight) {
  if (!in_flight.request) return;
  transport_.Cancel(*std::exchange(in_flight.request, std::nullopt));
  --in_flight_;
  --account.requests_in_flight;
}

void Poller::OnExchange(Account& account, Sender sender, const Exchange& exchange) {
  RequestSequence& sequence = *SequenceOf(account, sender);
  InFlight& in_flight = InFlightOf(account, sender);
  in_flight.request.reset();
  --in_flight_;
  --account.requests_in_flight;
  const Instant now = clock_.Now();
  ReportRequest(account, exchange, now);

  const double jitter = std::uniform_real_distribution<double>(0, 1)(account.random);
  const auto next = sequence.OnExchange(exchange, now, clock_.WallNow(), jitter);
  if (const std::uint64_t ignored = sequence.TakeIgnoredFields(); ignored > 0) {
    observer_.OnFieldsIgnored(account.key, ignored);
  }
  if (sender) LearnOfKey(ConnectionOf(*sender), exchange, next, now);
  switch (next) {
    case RequestSequence::Next::kRequest:
      account.queue.AddNextRequest(sender, now);
      break;
    case RequestSequence::Next::kRetry:
      observer_.OnRetry(account.key, sender, {sequence.failure(), sequence.retry_delay()});
      SetTimer(now + sequence.retry_delay(), Timer::Kind::kRetry, in_flight.serial, account.key,
               sender);
      break;
    case RequestSequence::Next::kComplete:
      EndSequence(account, sender, now, nullptr);
      break;
    case RequestSequence::Next::kFailed: {
      const PollFailure failure = sequence.failure();
      EndSequence(account, sender, now, &failure);
      break;
    }
  }
}

void Poller::EndSequence(Account& account, Sender sender, Instant now, const PollFailure* failure) {
  if (sender) {
    EndPoll(ConnectionOf(*sender), now, failure);
  } else {
    EndRefresh(account, now, failure);
  }
}

void Poller::ReportRequest(Account& account, const Exchange& exchange, Instant now) {
  RateLimiter& limiter = account.queue.limiter();
  RequestReport report{.elapsed = exchange.elapsed, .body_bytes = exchange.body_bytes};
  if (exchange.result) {
    const ResponseHeaders& headers = exchange.result->headers;
    report.http_status = exchange.result->status;
    report.rate_limit_limit = ParseHeaderNumber(headers.rate_limit_limit);
    report.rate_limit_remaining = ParseHeaderNumber(headers.rate_limit_remaining);
    const RetryAdvice advice = ParseRetryAdvice(headers, clock_.WallNow());
    if (report.http_status == 429) {
      limiter.OnRefused(now - exchange.elapsed, now,
                        advice.retry_after.value_or(advice.rate_limit_reset.value_or(Duration{})));
    } else if (report.rate_limit_remaining && advice.rate_limit_reset) {
      // Requests under way are not in the server's count yet.
      const auto remaining = static_cast<std::uint64_t>(*report.rate_limit_remaining);
      limiter.OnQuota(remaining - std::min<std::uint64_t>(remaining, account.requests_in_flight),
                      *advice.rate_limit_reset, now);
    }
  }
  report.rate_limit = limiter.limit();
  report.requests_per_second = limiter.RateAt(now);
  observer_.OnRequestEnded(account.key, report);
}

CompletePoll Poller::Summarize(const Poll& poll) {
  return {.summary = summarizer_->Summarize(legs_),
          .duration_bounds = summarizer_->duration_bounds(),
          .long_call_thresholds = summarizer_->long_call_thresholds(),
          .reported_legs = poll.reported_legs(),
          .pages = poll.pages(),
          .longest_calls = poll.longest_calls()};
}

void Poller::EndPoll(Connection& connection, Instant now, const PollFailure* failure) {
  LearnFrom(connection, failure, now);
  const auto poll = std::move(connection.poll);
  PollReport report{.ended = now,
                    .ended_wall = clock_.WallNow(),
                    .elapsed = now - poll->begun(),
                    .result = std::unexpected(failure == nullptr ? PollFailure{} : *failure),
                    .in_force = InForce(connection.plan)};
  if (failure == nullptr) {
    legs_.Assign(poll->rows());
    report.result = Summarize(*poll);
    if (mode_ != PollMode::kOnce) {
      report.changes =
          connection.tracker.Update(legs_, now, summarizer_->duration_bounds(), spare_leg_blocks_);
    }
    legs_.Trim();
  }
  if (mode_ == PollMode::kContinuous) report.next_due = connection.next.when;
  if (mode_ == PollMode::kOnce) --left_;
  observer_.OnPollEnded(connection.key, report);
}

void Poller::LearnFrom(Connection& connection, const PollFailure* failure, Instant now) {
  Account& account = AccountOf(connection.account);
  if (account.key_probe == connection.key) account.key_probe.reset();
  if (failure != nullptr && failure->reason == FailureReason::kUnauthorized) return;
  const bool refused = failure != nullptr && RefusesConnection(failure->reason);
  connection.refusals = refused ? connection.refusals + 1 : 0;
  if (connection.refusals < 2 || mode_ == PollMode::kOnce) return;
  const Duration interval = connection.plan.interval;
  SetDue(connection, connection.grid.NextAfter(
                         now + RefusedInterval(interval, connection.refusals) - interval));
}

void Poller::LearnOfKey(Connection& connection, const Exchange& exchange,
                        RequestSequence::Next next, Instant now) {
  const Account& account = AccountOf(connection.account);
  if (connection.in_flight.endpoint != account.plan.endpoint) return;  // sent with an old key
  if (next == RequestSequence::Next::kRequest || next == RequestSequence::Next::kComplete) {
    OnKeyAccepted(connection);
    return;
  }
  // The failure may be an earlier answer's, which this one adds nothing to.
  const PollFailure& failure = connection.poll->failure();
  if (!exchange.result || exchange.result->status != failure.http_status) return;
  if (RefusesConnection(failure.reason)) {
    // Only who takes the key goes on to look at the connection.
    OnKeyAccepted(connection);
  } else if (failure.reason == FailureReason::kUnauthorized &&
             next == RequestSequence::Next::kFailed) {
    OnKeyRefused(connection, failure, now);
  }
}

void Poller::OnKeyRefused(Connection& connection, const PollFailure& failure, Instant now) {
  Account& account = AccountOf(connection.account);
  // Polls that were under way when the key was refused add nothing to it.
  const bool known = account.key_refusals > 0;
  if (known && connection.poll->begun() <= account.key_refused_at) return;
  ++account.key_refusals;
  account.key_refused_at = now;
  account.key_failure = failure;
  const Duration interval = connection.plan.interval;
  const Duration wait = RefusedInterval(interval, account.key_refusals);
  // The connection that is due next after the wait tries the key again.
  account.key_held_until = now + wait - interval;
  observer_.OnKeyRefused(account.key, {.failure = account.key_failure,
                                       .connection_id = connection.plan.id,
                                       .refusals = account.key_refusals,
                                       .wait = wait});
  for (const ConnectionKey key : account.queue.TakeNewPolls()) {
    ConnectionOf(key).waits_to_begin = false;
    FailWithoutRequest(ConnectionOf(key), now);
  }
}

void Poller::OnKeyAccepted(const Connection& connection) {
  Account& account = AccountOf(connection.account);
  if (account.key_refusals == 0) return;
  account.key_refusals = 0;
  observer_.OnKeyAccepted(account.key);
}

bool Poller::HoldsBack(const Account& account, const Connection& connection, Instant now) const {
  if (account.key_refusals == 0) return false;
  return now < account.key_held_until ||
         (account.key_probe && *account.key_probe != connection.key);
}

void Poller::FailWithoutRequest(Connection& connection, Instant now) {
  const Account& account = AccountOf(connection.account);
  PollFailure failure = account.key_failure;
  failure.detail = "not asked: the account's key was refused a moment before";
  observer_.OnPollBegun(connection.key, now - connection.due);
  if (mode_ == PollMode::kOnce) --left_;
  PollReport report{.ended = now,
                    .ended_wall = clock_.WallNow(),
                    .elapsed = Duration::zero(),
                    .result = std::unexpected(std::move(failure)),
                    .held_back = true,
                    .in_force = InForce(connection.plan)};
  if (mode_ == PollMode::kContinuous) report.next_due = connection.next.when;
  observer_.OnPollEnded(connection.key, report);
}

}  // namespace telnyx_exporter
