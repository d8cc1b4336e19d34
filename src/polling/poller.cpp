#include "polling/poller.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectTimeout = 5s;
// With nothing to do the loop still looks around now and then.
constexpr Duration kLongestSleep = 1min;

std::optional<double> ParseHeaderNumber(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const auto number = ParseUnsigned(TrimWhitespace(*text));
  if (!number) return std::nullopt;
  return static_cast<double>(*number);
}

}  // namespace

struct Poller::ActivePoll {
  Poll poll;
  std::uint64_t serial;
  std::optional<RequestId> request;  // the one in flight
};

struct Poller::Connection {
  ConnectionKey key;
  Account& account;
  ConnectionPlan plan;
  PollGrid grid;
  bool waits_to_begin = false;
  Instant due{};  // of the poll that waits to begin
  std::optional<ActivePoll> active;
};

struct Poller::Account {
  struct Waiting {
    Connection* connection;
    Instant since;
  };

  AccountKey key;
  std::shared_ptr<const Endpoint> endpoint;
  RateLimiter limiter;
  // Polls under way come before new ones, so that what was begun also ends.
  std::deque<Waiting> to_continue;
  std::deque<Waiting> to_begin;
  std::optional<Instant>
      held_back_since;  // requests wait for the limiter, without a pause since then

  bool has_waiting() const { return !to_continue.empty() || !to_begin.empty(); }
};

Poller::Poller(const PollPlan& plan, PollMode mode, const Clock& clock, Transport& transport,
               PollObserver& observer, std::uint64_t seed)
    : mode_(mode),
      walk_limits_(plan.walk),
      max_in_flight_(plan.max_concurrent_requests),
      max_response_bytes_(plan.max_response_bytes),
      clock_(clock),
      transport_(transport),
      observer_(observer),
      random_(seed),
      summarizer_(plan.duration_bounds, random_()) {
  AddConnections(plan);
}

Poller::~Poller() {
  for (const auto& connection : connections_) {
    if (connection->active && connection->active->request) {
      transport_.Cancel(*connection->active->request);
    }
  }
}

void Poller::AddConnections(const PollPlan& plan) {
  const Instant now = clock_.Now();
  const WallTime wall_now = clock_.WallNow();
  for (const AccountPlan& account_plan : plan.accounts) {
    const auto account_key = static_cast<AccountKey>(accounts_.size());
    Account& account = *accounts_.emplace_back(
        std::make_unique<Account>(Account{.key = account_key,
                                          .endpoint = account_plan.endpoint,
                                          .limiter = RateLimiter(account_plan.rate_limit, now)}));
    observer_.OnAccountAdded(account_key, account_plan);
    for (const ConnectionPlan& connection_plan : account_plan.connections) {
      const auto key = static_cast<ConnectionKey>(connections_.size());
      const std::uint64_t hash = StableHash(account_plan.name, connection_plan.id);
      const Connection& connection = *connections_.emplace_back(std::make_unique<Connection>(
          Connection{.key = key,
                     .account = account,
                     .plan = connection_plan,
                     .grid = PollGrid(connection_plan.interval, hash, now, wall_now)}));
      observer_.OnConnectionAdded(key, account_key, connection_plan);
      SetTimer(mode_ == PollMode::kOnce ? now : connection.grid.NextAfter(now), Timer::Kind::kDue,
               connection);
    }
  }
  polls_left_ = static_cast<std::uint32_t>(connections_.size());
}

void Poller::Run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { transport_.Wake(); });
  while (!stop.stop_requested() && !idle()) {
    Step();
    if (idle()) break;
    const Instant now = clock_.Now();
    const Instant wake_time = NextWake().value_or(now + kLongestSleep);
    transport_.Run(std::clamp(wake_time - now, Duration::zero(), kLongestSleep));
  }
}

bool Poller::idle() const { return mode_ == PollMode::kOnce && polls_left_ == 0; }

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
    if (!account->has_waiting()) continue;
    const Instant admitted = now + account->limiter.WaitTime(now);
    wake = wake ? std::min(*wake, admitted) : admitted;
  }
  return wake;
}

void Poller::SetTimer(Instant when, Timer::Kind kind, const Connection& connection) {
  timers_.push({.when = when,
                .order = ++last_timer_,
                .serial = kind == Timer::Kind::kDue ? 0 : connection.active->serial,
                .connection = static_cast<std::uint32_t>(connection.key),
                .kind = kind});
}

void Poller::OnTimer(const Timer& timer, Instant now) {
  Connection& connection = *connections_[timer.connection];
  if (timer.kind == Timer::Kind::kDue) {
    OnDue(connection, timer.when, now);
    return;
  }
  if (!connection.active || connection.active->serial != timer.serial) return;
  if (timer.kind == Timer::Kind::kRetry) {
    connection.account.to_continue.push_back({&connection, now});
  } else {
    OnDeadline(connection, now);
  }
}

void Poller::OnDue(Connection& connection, Instant due, Instant now) {
  const bool busy = connection.active || connection.waits_to_begin;
  if (!busy) {
    connection.waits_to_begin = true;
    connection.due = due;
    connection.account.to_begin.push_back({&connection, now});
  }
  if (mode_ == PollMode::kOnce) return;
  const std::uint64_t skipped = connection.grid.CountBetween(due, now) + (busy ? 1 : 0);
  if (skipped > 0) observer_.OnPollsSkipped(connection.key, skipped);
  SetTimer(connection.grid.NextAfter(now), Timer::Kind::kDue, connection);
}

void Poller::OnDeadline(Connection& connection, Instant now) {
  ActivePoll& active = *connection.active;
  if (active.request) {
    transport_.Cancel(*active.request);
    --in_flight_;
    active.poll.OnDeadline("the poll's time-out passed with a request under way");
  } else {
    std::erase_if(connection.account.to_continue, [&](const Account::Waiting& waiting) {
      return waiting.connection == &connection;
    });
    active.poll.OnDeadline("the poll's time-out passed while a request waited for its turn");
  }
  EndPoll(connection, now, std::unexpected(active.poll.failure()));
}

bool Poller::AdmitOne(Instant now) {
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    Account& account = *accounts_[next_account_];
    next_account_ = (next_account_ + 1) % accounts_.size();
    if (AdmitFrom(account, now)) return true;
  }
  return false;
}

bool Poller::AdmitFrom(Account& account, Instant now) {
  if (!account.has_waiting()) return false;
  if (account.limiter.WaitTime(now) > Duration::zero()) {
    if (!account.held_back_since) account.held_back_since = now;
    return false;
  }
  const bool begins = account.to_continue.empty();
  auto& queue = begins ? account.to_begin : account.to_continue;
  const Account::Waiting waiting = queue.front();
  queue.pop_front();
  NoteRateLimiterWait(account, waiting.since, now);
  account.limiter.Take(now);
  if (begins) BeginPoll(*waiting.connection, now);
  SendRequest(*waiting.connection, now);
  return true;
}

void Poller::NoteRateLimiterWait(Account& account, Instant enqueued, Instant now) {
  if (!account.held_back_since) return;
  const Duration waited = now - std::max(enqueued, *account.held_back_since);
  if (waited > Duration::zero()) observer_.OnRateLimiterWait(account.key, waited);
  if (!account.has_waiting()) account.held_back_since.reset();
}

void Poller::BeginPoll(Connection& connection, Instant now) {
  connection.waits_to_begin = false;
  connection.active.emplace(
      ActivePoll{.poll = Poll(connection.plan.id, walk_limits_, now, connection.plan.timeout),
                 .serial = ++last_serial_});
  SetTimer(connection.active->poll.deadline(), Timer::Kind::kDeadline, connection);
  observer_.OnPollBegun(connection.key, now - connection.due);
}

void Poller::SendRequest(Connection& connection, Instant now) {
  ActivePoll& active = *connection.active;
  const Duration timeout = active.poll.AttemptTimeout(now);
  ++in_flight_;
  active.request = transport_.Send(
      {.endpoint = connection.account.endpoint,
       .target = active.poll.next_target(),
       .connect_timeout = std::min(timeout, kConnectTimeout),
       .timeout = timeout,
       .max_body_bytes = max_response_bytes_},
      [this, &connection](const Exchange& exchange) { OnExchange(connection, exchange); });
}

void Poller::OnExchange(Connection& connection, const Exchange& exchange) {
  ActivePoll& active = *connection.active;
  active.request.reset();
  --in_flight_;
  ReportRequest(connection.account, exchange);

  const Instant now = clock_.Now();
  const double jitter = std::uniform_real_distribution<double>(0, 1)(random_);
  switch (active.poll.OnExchange(exchange, now, clock_.WallNow(), jitter, parser_)) {
    case Poll::Next::kRequest:
      connection.account.to_continue.push_back({&connection, now});
      break;
    case Poll::Next::kRetry:
      observer_.OnRetry(connection.key, {active.poll.failure(), active.poll.retry_delay()});
      SetTimer(now + active.poll.retry_delay(), Timer::Kind::kRetry, connection);
      break;
    case Poll::Next::kComplete:
      EndPoll(connection, now, Summarize(active.poll));
      break;
    case Poll::Next::kFailed:
      EndPoll(connection, now, std::unexpected(active.poll.failure()));
      break;
  }
}

void Poller::ReportRequest(const Account& account, const Exchange& exchange) {
  RequestReport report{.elapsed = exchange.elapsed, .body_bytes = exchange.body_bytes};
  if (exchange.result) {
    report.http_status = exchange.result->status;
    const ResponseHeaders& headers = exchange.result->headers;
    report.rate_limit_limit = ParseHeaderNumber(headers.rate_limit_limit);
    report.rate_limit_remaining = ParseHeaderNumber(headers.rate_limit_remaining);
  }
  observer_.OnRequestEnded(account.key, report);
}

CompletePoll Poller::Summarize(const Poll& poll) {
  return {.summary = summarizer_.Summarize(poll.calls()),
          .reported_legs = poll.reported_legs(),
          .pages = poll.pages()};
}

void Poller::EndPoll(Connection& connection, Instant now,
                     std::expected<CompletePoll, PollFailure> result) {
  const PollReport report{.ended = now,
                          .ended_wall = clock_.WallNow(),
                          .elapsed = now - connection.active->poll.begun(),
                          .result = std::move(result)};
  connection.active.reset();
  if (mode_ == PollMode::kOnce) --polls_left_;
  observer_.OnPollEnded(connection.key, report);
}

}  // namespace telnyx_exporter
