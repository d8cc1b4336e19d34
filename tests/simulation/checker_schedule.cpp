// When polls are due, whose turn it is, and that no job waits without a reason.

#include <algorithm>
#include <utility>

#include "simulation/checker.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

// What docs/reliability.md promises: a poll that tries a refused key for longer does not keep
// others from it.
constexpr Duration kLongestKeyTrial = std::chrono::seconds(30);

}  // namespace

void Checker::Expect(ConnectionModel& connection, Instant when, Moment::Kind kind) {
  moments_.Add(when, {.kind = kind,
                      .account = connection.account,
                      .connection = connection.key,
                      .serial = connection.serial});
}

void Checker::ExpectDue(ConnectionModel& connection, Instant when) {
  connection.due.ExpectAt(when);
  connection.serial = ++last_serial_;
  if (when != Instant::max()) Expect(connection, when, Moment::Kind::kDue);
}

void Checker::OnStepDone() {
  while (moments_.next_time() <= step_time_) {
    const auto [when, moment] = moments_.Take();
    Elapse(moment, when);
  }
  const bool has_free_slot = in_flight_.size() < plan_.max_concurrent_requests;
  for (const auto& account : accounts_) {
    if (account == nullptr) continue;
    RequireNoIdleness(*account);
    const bool waits = account->refresh_ready_since || !account->ready.empty();
    account->waits.OnStepDone(step_time_, waits && has_free_slot, account->rate);
  }
}

// At this moment something had to happen, and the step in which it had to is over.
void Checker::Elapse(const Moment& moment, Instant when) {
  if (!moment.connection) {
    ElapseForLists(moment, when);
    return;
  }
  const auto& place = connections_[static_cast<std::size_t>(*moment.connection)];
  if (place == nullptr) return;
  ConnectionModel& connection = *place;
  switch (moment.kind) {
    case Moment::Kind::kDue:
      if (connection.serial == moment.serial) ElapseDue(connection, when);
      break;
    case Moment::Kind::kRetry:
      if (!connection.poll || connection.poll->retry_at() != when) break;
      if (connection.poll->stage() != SequenceRecord::Stage::kWaitsToRetry) break;
      connection.poll->OnRetryWaitOver();
      SetReady(connection);
      break;
    case Moment::Kind::kDeadline:
      Require(!connection.poll || connection.poll->deadline() > step_time_,
              "a poll goes on after its time-out");
      break;
    case Moment::Kind::kExpiry:
      Require(connection.Expiry() > step_time_,
              "a connection has been without values and without a reason for {} s",
              ToSeconds(step_time_ - connection.Expiry()));
      break;
  }
}

// Neither begun nor skipped: it waits for its turn.
void Checker::ElapseDue(ConnectionModel& connection, Instant due) {
  Require(!connection.poll && !connection.waits_since_due,
          "a poll that was due during another was not counted as skipped");
  Require(connection.due.CountBetween(due, step_time_) == 0,
          "the poll after a pause of intervals is made up for");
  connection.waits_since_due = due;
  SetReady(connection);
  connection.due.SetNewest(due);
  ExpectDue(connection, connection.due.FirstAfter(step_time_));
}

void Checker::SetReady(ConnectionModel& connection) {
  AccountModel& account = AccountOf(connection.account);
  connection.ready_since = Now();
  connection.waited_before = account.waits.At(Now());
  account.ready.push_back(connection.key);
}

void Checker::SetListsReady(AccountModel& account) {
  account.refresh_ready_since = Now();
  account.refresh_waited_before = account.waits.At(Now());
}

// The time that is told for a request is that in which our own limit alone held it back.
void Checker::CheckWait(AccountModel& account, WaitMeter::Waited before) const {
  constexpr Duration kLeastSlack = std::chrono::microseconds(20);
  constexpr int kTenNanosecondsASecond = 100'000'000;
  const WaitMeter::Waited all = account.waits.At(Now());
  const Duration told = std::exchange(account.told_wait, std::nullopt).value_or(Duration{});
  // A long wait is the sum of many short ones, each of which is rounded to nanoseconds.
  const Duration slack = kLeastSlack + told / kTenNanosecondsASecond;
  Require(told >= all.least - before.least - slack && told <= all.most - before.most + slack,
          "a wait of {} s for the limit instead of {} to {}", ToSeconds(told),
          ToSeconds(all.least - before.least), ToSeconds(all.most - before.most));
}

void Checker::SetNotReady(const ConnectionModel& connection) {
  std::erase(AccountOf(connection.account).ready, connection.key);
}

// Who is ready to send is held back by the account's limit or by the number of requests at once.
void Checker::RequireNoIdleness(AccountModel& account) const {
  const bool waits = account.refresh_ready_since || !account.ready.empty();
  if (!waits || in_flight_.size() >= plan_.max_concurrent_requests) return;
  Require(!account.rate.MustHaveLetGo(step_time_), "a request waits although its limit allows it");
  Instant since = account.refresh_ready_since.value_or(step_time_);
  for (const ConnectionKey key : account.ready) {
    since = std::min(since, connections_[static_cast<std::size_t>(key)]->ready_since);
  }
  Require(step_time_ - std::max(account.last_event, since) <= account.rate.longest_hold(),
          "a request has waited for {} s", ToSeconds(step_time_ - since));
}

// Somebody tries the refused key right now, or has hung less than 30 s in it.
bool Checker::KeyIsTried(const AccountModel& account) const {
  return std::ranges::any_of(account.connections, [&](ConnectionKey key) {
    const ConnectionModel& connection = *connections_[static_cast<std::size_t>(key)];
    if (connection.said_to_begin) return true;
    const auto& poll = connection.poll;
    return poll && poll->begun() >= account.key_refused_at &&
           Now() - poll->begun() < kLongestKeyTrial;
  });
}

// While the key is refused one connection at a time tries it, beside those that were under way when
// it was refused.
void Checker::RequireOnlyProbe(const AccountModel& account,
                               const ConnectionModel& connection) const {
  if (account.key_refusals == 0) return;
  for (const ConnectionKey key : account.connections) {
    const auto& poll = connections_[static_cast<std::size_t>(key)]->poll;
    if (key != connection.key && poll && poll->begun() > account.key_refused_at) {
      ++statistics_.trials_hung;
    }
    Require(key == connection.key || !poll || poll->requests() == 0 ||
                poll->begun() <= account.key_refused_at ||
                Now() - poll->begun() >= kLongestKeyTrial,
            "two polls try a refused key at once");
  }
}

// Lists have every second turn. Of polls those under way go on before new ones begin, and of these
// the one that began first; of new ones the one that was due first begins.
void Checker::RequireItsTurn(const AccountModel& account, const ConnectionModel& connection) const {
  Require(!account.refresh_ready_since || account.lists_went_last,
          "polls take every turn while lists wait");
  for (const ConnectionKey key : account.ready) {
    const ConnectionModel& other = *connections_[static_cast<std::size_t>(key)];
    if (connection.poll) {
      Require(!other.poll || other.poll->begun() >= connection.poll->begun(),
              "a poll goes on before one that began earlier");
      continue;
    }
    Require(!other.poll, "a new poll begins before one that is under way goes on");
    Require(*other.waits_since_due >= *connection.waits_since_due,
            "a poll begins before one that was due earlier");
  }
}

// Common to polls that send and polls that fail without a request.
void Checker::BeginTurn(ConnectionModel& connection, Duration lag) {
  const Instant due = Now() - lag;
  Require(!connection.poll, "a second poll of one connection at once");
  if (connection.waits_since_due) {
    Require(due == *connection.waits_since_due,
            "a poll says that it was due {} s too early or late",
            ToSeconds(due - *connection.waits_since_due));
    return;
  }
  Require(due == connection.due.next() && lag >= Duration::zero(),
          "a poll begins that is due in {} s", ToSeconds(connection.due.next() - Now()));
  ElapseDue(connection, due);
}

// Whether a request follows is not known yet.
void Checker::OnPollBegun(ConnectionKey key, Duration lag) {
  ConnectionModel& connection = ConnectionOf(key);
  Require(!connection.said_to_begin && !connection.poll, "a second poll of one connection at once");
  connection.said_to_begin = lag;
  ++connection.polls;
  ++polls_begun_;
  ++statistics_.polls;
  Note("begin", connection, lag.count());
  listener_->OnPollBegun(key, lag);
}

void Checker::BeginPoll(ConnectionModel& connection, Duration lag) {
  AccountModel& account = AccountOf(connection.account);
  BeginTurn(connection, lag);
  if (account.key_refusals == 0) RequireItsTurn(account, connection);
  SetNotReady(connection);
  connection.waits_since_due.reset();
  connection.refused_alone = false;
  SetPending(connection, ConnectionModel::Pending::kNothing, Now());
  connection.has_begun = true;
  connection.due.SetNewest(Now());
  // A first poll that waited may have been stretched further when it was due.
  const Instant next = connection.due.FirstAfter(Now());
  if (connection.due.is_stretched() || next < connection.due.next()) ExpectDue(connection, next);
}

void Checker::OnPollsSkipped(ConnectionKey key, std::uint64_t count) {
  ConnectionModel& connection = ConnectionOf(key);
  const Instant due = connection.due.next();
  Require(due <= step_time_, "a poll is skipped before it is due");
  const std::uint64_t missed = connection.due.CountBetween(due, step_time_);
  Require(missed > 0 || connection.poll || connection.waits_since_due,
          "a poll is skipped although nothing prevents it");
  Require(count == missed + 1, "{} polls are skipped instead of {}", count, missed + 1);
  connection.due.SetNewest(due);
  ExpectDue(connection, connection.due.FirstAfter(step_time_));
  // A machine that slept is no fault of the budget.
  if (missed > 0 && connection.pending != ConnectionModel::Pending::kNothing) {
    SetPending(connection, ConnectionModel::Pending::kFirstPoll, connection.due.next());
  }
  AccountOf(connection.account).skipped += count;
  statistics_.skipped += count;
  Note("skip", connection, count);
  listener_->OnPollsSkipped(key, count);
}

}  // namespace telnyx_exporter::simulation
