// The network's side.

#include "simulation/checker.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "simulation/names.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

// Of one page of a list.
constexpr Duration kListAttemptTimeout = std::chrono::seconds(15);

}  // namespace

Checker::Checker(const SimClock& clock, SimApi& api, Statistics& statistics, Trace& trace)
    : clock_(clock), api_(api), statistics_(statistics), trace_(trace) {}

SequenceRecord* Checker::RecordOf(AccountKey account, std::optional<ConnectionKey> connection) {
  if (connection) {
    auto& poll = ConnectionOf(*connection).poll;
    return poll ? &*poll : nullptr;
  }
  auto& refresh = AccountOf(account).refresh;
  return refresh ? &*refresh : nullptr;
}

Checker::Destination Checker::OnSent(RequestId id, const Request& request) {
  Require(!applying_, "a request in the middle of a reload");
  Require(in_flight_.size() < plan_.max_concurrent_requests, "{} requests at once",
          in_flight_.size() + 1);
  Require(request.max_body_bytes == plan_.max_response_bytes, "a request takes {} bytes",
          request.max_body_bytes);
  const EndpointPlace endpoint = PlaceOf(*request.endpoint);
  const auto found = std::ranges::find_if(accounts_, [&](const auto& account) {
    return account != nullptr && account->index == endpoint.account;
  });
  Require(found != accounts_.end(), "a request for an account that is not configured");
  AccountModel& account = **found;
  Require(*request.endpoint == *PlanOf(account).endpoint, "a request by an old key or address");

  Destination destination{.place = {.server = endpoint.server,
                                    .account = endpoint.account,
                                    .connection = ConnectionPlace::kLists},
                          .key = endpoint.key};
  std::optional<ConnectionKey> sender;
  if (const auto list = ParseListTarget(request.target)) {
    SendForLists(account, id, request, *list);
    destination.request = *list;
  } else {
    auto page = ParseTarget(request.target);
    Require(page.has_value(), "a request for no page: {}", request.target);
    sender = FindConnection(account, page->connection_id);
    SendForPoll(ConnectionOf(*sender), id, request, *page);
    ConnectionOf(*sender).sent_to = account.endpoints;
    destination.place.connection = ConnectionOf(*sender).place.connection;
    destination.request = std::move(*page);
  }
  account.rate.OnSend(step_time_);
  account.last_event = step_time_;
  ++account.requests_in_flight;
  in_flight_.emplace(id,
                     InFlight{.account = account.key, .connection = sender, .key = endpoint.key});
  ++statistics_.requests;
  destination.nth = sent_[Mix(destination.place.account, destination.place.connection)]++;
  return destination;
}

ConnectionKey Checker::FindConnection(const AccountModel& account, std::string_view id) const {
  const auto found = std::ranges::find_if(account.connections, [&](ConnectionKey key) {
    return connections_[static_cast<std::size_t>(key)]->plan.id == id;
  });
  Require(found != account.connections.end(), "a connection that is not configured: {}", id);
  return *found;
}

void Checker::CheckRequest(const Request& request, Duration longest,
                           const SequenceRecord& record) const {
  Require(request.timeout > Duration::zero() && request.timeout <= longest &&
              step_time_ + request.timeout <= record.deadline() &&
              request.connect_timeout <= request.timeout,
          "a request has {} s", ToSeconds(request.timeout));
}

void Checker::SendForPoll(ConnectionModel& connection, RequestId id, const Request& request,
                          const PageRequest& page) {
  if (connection.said_to_begin) {
    BeginPoll(connection, *std::exchange(connection.said_to_begin, std::nullopt));
    connection.poll.emplace(step_time_, connection.plan.timeout, plan_.walk);
    api_.connection(connection.place).history.KeepSince(step_time_);
    Expect(connection, connection.poll->deadline(), Moment::Kind::kDeadline);
  }
  Require(connection.poll.has_value(), "a request without a poll");
  Require(!connection.request, "a second request of one connection at once");
  PollRecord& poll = *connection.poll;
  CheckRequest(request, poll.timeout() / 2, poll);
  if (poll.requests() == 0) RequireOnlyProbe(AccountOf(connection.account), connection);
  AccountModel& account = AccountOf(connection.account);
  // A retry whose wait ends in this very step has not waited for the limit.
  const bool just_ready = poll.stage() == SequenceRecord::Stage::kWaitsToRetry;
  if (just_ready) connection.waited_before = account.waits.At(step_time_);
  if (poll.requests() > 0) RequireItsTurn(account, connection);
  poll.OnSent(request.target, page, step_time_);
  SetNotReady(connection);
  account.lists_went_last = false;
  CheckWait(account, connection.waited_before);
  connection.request = id;
  Note("send", connection, poll.pages(), poll.requests());
}

void Checker::SendForLists(AccountModel& account, RequestId id, const Request& request,
                           const ListRequest& list) {
  Require(!account.refresh_request, "a second request for one account's lists at once");
  if (!account.refresh) {
    const auto& discovery = PlanOf(account).discovery;
    Require(discovery.has_value(), "lists are read that are not wanted");
    Require(step_time_ >= account.refresh_earliest, "lists are read {} s too early",
            ToSeconds(account.refresh_earliest - step_time_));
    std::set<std::string> known = account.discovery.KnownIds();
    for (const ConnectionPlan& plan : PlanOf(account).connections) known.insert(plan.id);
    account.refresh.emplace(step_time_, *discovery, std::move(known));
    account.refresh_earliest = account.refresh_latest = Instant::max();
    moments_.Add(account.refresh->deadline(),
                 {.kind = Moment::Kind::kDeadline, .account = account.key});
  }
  CheckRequest(request, kListAttemptTimeout, *account.refresh);
  Require(!account.lists_went_last || account.ready.empty() || account.key_refusals > 0,
          "lists take every turn while polls wait");
  account.lists_went_last = true;
  account.refresh->OnSent(request.target, list, step_time_);
  // Since when it has waited its spread hides.
  account.told_wait.reset();
  account.refresh_ready_since.reset();
  account.refresh_request = id;
  trace_.Add(clock_.Now(), "send for lists", account.index, list.list, list.number);
}

void Checker::OnCancelled(RequestId id) {
  const auto request = in_flight_.find(id);
  if (request == in_flight_.end()) return;
  AccountModel& account = AccountOf(request->second.account);
  --account.requests_in_flight;
  if (request->second.connection) {
    ConnectionOf(*request->second.connection).request.reset();
  } else {
    account.refresh_request.reset();
  }
  in_flight_.erase(request);
  ++statistics_.cancelled;
  trace_.Add(clock_.Now(), "cancel", account.index);
}

void Checker::OnAnswer(RequestId id, const Outcome& outcome, const Exchange& exchange) {
  const auto request = in_flight_.find(id);
  Require(request != in_flight_.end(), "an answer to a request that is over");
  const InFlight sent = request->second;
  in_flight_.erase(request);
  answer_ = {.account = sent.account,
             .connection = sent.connection,
             .outcome = outcome,
             .elapsed = exchange.elapsed,
             .body_bytes = exchange.body_bytes,
             .key = sent.key};
  const Instant now = clock_.Now();
  AccountModel& account = AccountOf(sent.account);
  account.last_event = now;
  --account.requests_in_flight;
  if (sent.connection) {
    ConnectionModel& connection = ConnectionOf(*sent.connection);
    connection.request.reset();
    connection.poll->OnOutcome(outcome, now, clock_.WallNow());
    if (outcome.page != nullptr) statistics_.rows += outcome.page->rows.size();
    most_rows_ = std::max(most_rows_, connection.poll->rows().size());
    NoteKeyAccepted(connection);
  } else {
    account.refresh_request.reset();
    account.refresh->OnOutcome(outcome, now, clock_.WallNow());
  }
  trace_.Add(now, "answer", account.index, outcome.error ? 0 : outcome.status, exchange.body_bytes);
}

void Checker::OnAnswerTaken() {
  Require(answer_->reported, "a request's end was not reported");
  if (!answer_->settled) {
    const SequenceRecord* record = RecordOf(answer_->account, answer_->connection);
    Require(record->expectation().kind == Expectation::Kind::kNextPage,
            "nothing came of an answer");
    if (answer_->connection) {
      SetReady(ConnectionOf(*answer_->connection));
    } else {
      SetListsReady(AccountOf(answer_->account));
    }
  }
  const AccountModel& account = AccountOf(answer_->account);
  answer_.reset();
  RequireIntervals(account);
  RequireBudget(account);
}

}  // namespace telnyx_exporter::simulation
