// The network's side, and the life of the exporter: starts, plans, ends.

#include "simulation/checker.h"

#include <algorithm>
#include <utility>

#include "simulation/names.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

std::uint64_t NumberOf(std::uint32_t account, std::uint32_t connection) {
  return (std::uint64_t{account} << 32U) | connection;
}

template <typename Key, typename T>
void Put(std::vector<std::unique_ptr<T>>& places, Key key, T value) {
  const auto index = static_cast<std::size_t>(key);
  if (places.size() <= index) places.resize(index + 1);
  Require(places[index] == nullptr, "a key names two things at once");
  places[index] = std::make_unique<T>(std::move(value));
}

}  // namespace

Checker::Checker(const SimClock& clock, SimApi& api, Statistics& statistics, Trace& trace)
    : clock_(clock), api_(api), statistics_(statistics), trace_(trace) {}

void Checker::OnProcessBegins(const PollPlan& plan, PollMode mode, PollObserver& listener) {
  listener_ = &listener;
  mode_ = mode;
  polls_begun_ = 0;
  accounts_.clear();
  connections_.clear();
  by_number_.clear();
  moments_ = {};
  step_time_ = clock_.Now();
  plan_ = {};
  plans_.clear();
  BeforeApply(plan);
}

void Checker::OnProcessEnded(std::size_t requests_left) {
  Require(requests_left == 0, "{} requests are left behind by an exporter that is gone",
          requests_left);
  for (const auto& connection : connections_) {
    if (connection == nullptr || !connection->poll) continue;
    api_.connection(connection->place).history.KeepSince(std::nullopt);
  }
}

void Checker::BeforeApply(const PollPlan& plan) {
  const Instant now = clock_.Now();
  for (const AccountPlan& next : plan.accounts) {
    const auto old = plans_.find(next.name);
    if (old == plans_.end()) continue;
    for (const auto& account : accounts_) {
      if (account == nullptr || account->name != next.name) continue;
      const Endpoint& before = *old->second->endpoint;
      account->rate.Configure(next.rate_limit, now);
      if (before != *next.endpoint) account->key_refusals = 0;
      if (before.base_url != next.endpoint->base_url) {
        account->rate = RateOracle(next.rate_limit, now);
      }
    }
  }
  plan_ = plan;
  plans_.clear();
  for (const AccountPlan& account : plan_.accounts) plans_.emplace(account.name, &account);
  applying_ = true;
}

void Checker::AfterApply() {
  applying_ = false;
  RequirePlan();
}

// What is polled is what the plan says, no more and no less.
void Checker::RequirePlan() const {
  std::size_t planned = 0;
  for (const AccountPlan& account : plan_.accounts) {
    planned += account.connections.size();
    for (const ConnectionPlan& plan : account.connections) {
      const auto polled = std::ranges::count_if(connections_, [&](const auto& connection) {
        return connection != nullptr && connection->plan == plan &&
               accounts_[static_cast<std::size_t>(connection->account)]->name == account.name;
      });
      Require(polled == 1, "connection {} of {} is polled {} times", plan.id, account.name, polled);
    }
  }
  const auto polled =
      std::ranges::count_if(connections_, [](const auto& c) { return c != nullptr; });
  Require(static_cast<std::size_t>(polled) == planned, "{} connections are polled instead of {}",
          polled, planned);
}

Checker::Destination Checker::OnSent(RequestId id, const Request& request) {
  Require(!applying_, "a request in the middle of a reload");
  const EndpointPlace endpoint = PlaceOf(*request.endpoint);
  auto page = ParseTarget(request.target);
  Require(page.has_value(), "a request for no page: {}", request.target);
  const std::uint32_t number = ConnectionNumber(page->connection_id);
  const auto known = by_number_.find(NumberOf(endpoint.account, number));
  Require(known != by_number_.end(), "a request for a connection that is not configured");
  ConnectionModel& connection = ConnectionOf(known->second);
  AccountModel& account = AccountOf(connection.account);
  Require(page->connection_id == connection.plan.id, "a request for connection {}",
          page->connection_id);
  Require(*request.endpoint == *PlanOf(account).endpoint, "a request by an old key or address");
  Require(connection.poll.has_value(), "a request without a poll");
  Require(!connection.request, "a second request of one connection at once");
  Require(in_flight_.size() < plan_.max_concurrent_requests, "{} requests at once",
          in_flight_.size() + 1);

  PollRecord& poll = *connection.poll;
  Require(request.timeout > Duration::zero() && request.timeout <= poll.timeout() / 2 &&
              step_time_ + request.timeout <= poll.deadline() &&
              request.connect_timeout <= request.timeout,
          "a request has {} s", ToSeconds(request.timeout));
  Require(request.max_body_bytes == plan_.max_response_bytes, "a request takes {} bytes",
          request.max_body_bytes);
  poll.OnSent(request.target, *page, step_time_);
  account.rate.OnSend(step_time_);
  account.last_event = step_time_;
  ++account.requests_in_flight;
  SetNotReady(connection);
  connection.request = id;
  in_flight_.emplace(id, InFlight{.connection = connection.key, .key = endpoint.key});
  ++statistics_.requests;
  Note("send", connection, poll.pages(), poll.requests());
  return {.place = connection.place,
          .key = endpoint.key,
          .nth = sent_[known->first]++,
          .page = std::move(*page)};
}

void Checker::OnCancelled(RequestId id) {
  const auto request = in_flight_.find(id);
  if (request == in_flight_.end()) return;
  ConnectionModel& connection = ConnectionOf(request->second.connection);
  --AccountOf(connection.account).requests_in_flight;
  connection.request.reset();
  in_flight_.erase(request);
  ++statistics_.cancelled;
  Note("cancel", connection);
}

void Checker::OnAnswer(RequestId id, const Outcome& outcome, const Exchange& exchange) {
  const auto request = in_flight_.find(id);
  Require(request != in_flight_.end(), "an answer to a request that is over");
  ConnectionModel& connection = ConnectionOf(request->second.connection);
  AccountModel& account = AccountOf(connection.account);
  answer_ = {.connection = connection.key,
             .outcome = outcome,
             .elapsed = exchange.elapsed,
             .body_bytes = exchange.body_bytes,
             .key = request->second.key};
  in_flight_.erase(request);
  connection.request.reset();
  const Instant now = clock_.Now();
  account.last_event = now;
  --account.requests_in_flight;
  if (outcome.page != nullptr) statistics_.rows += outcome.page->rows.size();
  connection.poll->OnOutcome(outcome, now, clock_.WallNow());
  Note("answer", connection, outcome.error ? 0 : outcome.status, exchange.body_bytes);
}

void Checker::OnAnswerTaken() {
  Require(answer_->reported, "a request's end was not reported");
  if (!answer_->settled) {
    const ConnectionModel& connection = ConnectionOf(answer_->connection);
    Require(connection.poll->expectation().kind == Expectation::Kind::kNextPage,
            "nothing came of an answer");
    SetReady(ConnectionOf(answer_->connection));
  }
  answer_.reset();
}

void Checker::OnAccountAdded(AccountKey key, const AccountPlan& plan) {
  Put(accounts_, key,
      AccountModel{.key = key,
                   .name = plan.name,
                   .index = PlaceOf(*plan.endpoint).account,
                   .rate = RateOracle(plan.rate_limit, clock_.Now()),
                   .last_event = clock_.Now()});
  listener_->OnAccountAdded(key, plan);
}

void Checker::OnAccountChanged(AccountKey key, const AccountPlan& plan) {
  Require(applying_ && AccountOf(key).name == plan.name, "an account changed without a reload");
  listener_->OnAccountChanged(key, plan);
}

void Checker::OnAccountRemoved(AccountKey key) {
  AccountModel& account = AccountOf(key);
  Require(account.connections.empty(), "an account goes before its connections");
  Require(account.requests_in_flight == 0, "an account goes before its requests");
  accounts_[static_cast<std::size_t>(key)].reset();
  listener_->OnAccountRemoved(key);
}

void Checker::OnConnectionAdded(ConnectionKey key, AccountKey account_key,
                                const ConnectionPlan& plan) {
  const Instant now = clock_.Now();
  AccountModel& account = AccountOf(account_key);
  const std::uint64_t hash = StableHash(account.name, plan.id);
  const std::uint32_t number = ConnectionNumber(plan.id);
  Put(connections_, key,
      ConnectionModel{.key = key,
                      .account = account_key,
                      .place = {.server = PlaceOf(*PlanOf(account).endpoint).server,
                                .account = account.index,
                                .connection = number},
                      .plan = plan,
                      .due = DueModel(plan.interval, hash, now, clock_.WallNow()),
                      .added = now});
  account.connections.push_back(key);
  by_number_[NumberOf(account.index, number)] = key;
  ConnectionModel& connection = ConnectionOf(key);
  ExpectDue(connection, mode_ == PollMode::kOnce ? now : connection.due.next());
  listener_->OnConnectionAdded(key, account_key, plan);
}

void Checker::OnConnectionChanged(ConnectionKey key, const ConnectionPlan& plan) {
  ConnectionModel& connection = ConnectionOf(key);
  Require(connection.plan.id == plan.id && connection.plan != plan,
          "a change that is none, or one of another connection");
  const bool other_interval = connection.plan.interval != plan.interval;
  connection.plan = plan;
  if (other_interval) {
    const Instant now = clock_.Now();
    const std::uint64_t hash = StableHash(AccountOf(connection.account).name, plan.id);
    connection.due = DueModel(plan.interval, hash, now, clock_.WallNow());
    connection.refusals = 0;
    ExpectDue(connection, connection.due.next());
  }
  listener_->OnConnectionChanged(key, plan);
}

void Checker::OnConnectionRemoved(ConnectionKey key) {
  ConnectionModel& connection = ConnectionOf(key);
  AccountModel& account = AccountOf(connection.account);
  Require(!connection.request, "a connection goes before its request");
  if (connection.poll) api_.connection(connection.place).history.KeepSince(std::nullopt);
  by_number_.erase(NumberOf(account.index, connection.place.connection));
  std::erase(account.connections, key);
  std::erase(account.ready, key);
  connections_[static_cast<std::size_t>(key)].reset();
  listener_->OnConnectionRemoved(key);
}

}  // namespace telnyx_exporter::simulation
