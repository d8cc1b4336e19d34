#pragma once

// Watches the exporter from both sides, the network and PollObserver, and ends the simulation with
// a Violation as soon as a promise does not hold. Everything that is checked after a step depends
// on what happened in it, not on how much there is.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/transport.h"
#include "polling/poll_observer.h"
#include "simulation/event_queue.h"
#include "simulation/models.h"
#include "simulation/sim_api.h"
#include "simulation/sim_clock.h"
#include "simulation/statistics.h"
#include "simulation/trace.h"

namespace telnyx_exporter::simulation {

class Checker final : public PollObserver {
 public:
  /// Everything passed by reference must outlive the checker.
  Checker(const SimClock& clock, SimApi& api, Statistics& statistics, Trace& trace);

  /// A new exporter begins with this plan; every event is handed on to `listener`.
  void OnProcessBegins(const PollPlan& plan, PollObserver& listener);
  /// The exporter is gone, and `requests_left` requests are still with the transport.
  void OnProcessEnded(std::size_t requests_left);
  void BeforeApply(const PollPlan& plan);
  void AfterApply();

  // The network's side.

  /// Where a request goes.
  struct Destination {
    ConnectionPlace place;
    std::uint32_t key = 0;
    std::uint64_t nth = 0;  // request to this place
    ApiRequest request;
  };
  Destination OnSent(RequestId id, const Request& request);
  void OnCancelled(RequestId id);
  /// Around the call of a request's callback.
  void OnAnswer(RequestId id, const Outcome& outcome, const Exchange& exchange);
  void OnAnswerTaken();

  /// The exporter begins a step.
  void OnStepBegins() { step_time_ = clock_.Now(); }
  /// It is done with it and leaves the time to the network.
  void OnStepDone();

  // The exporter's side.
  void OnAccountAdded(AccountKey account, const AccountPlan& plan) override;
  void OnAccountChanged(AccountKey account, const AccountPlan& plan) override;
  void OnAccountRemoved(AccountKey account) override;
  void OnConnectionAdded(ConnectionKey connection, AccountKey account,
                         const ConnectionPlan& plan) override;
  void OnConnectionChanged(ConnectionKey connection, const ConnectionPlan& plan) override;
  void OnConnectionRemoved(ConnectionKey connection) override;
  void OnPlanApplied() override { listener_->OnPlanApplied(); }
  void OnPollBegun(ConnectionKey connection, Duration lag) override;
  void OnPollEnded(ConnectionKey connection, const PollReport& report) override;
  void OnIntervalChanged(ConnectionKey connection, const IntervalInForce& now) override;
  void OnBudgetChanged(AccountKey account, const RequestBudget& budget) override;
  void OnPollsSkipped(ConnectionKey connection, std::uint64_t count) override;
  void OnDiscoveryEnded(AccountKey account, const DiscoveryReport& report) override;
  void OnRequestEnded(AccountKey account, const RequestReport& report) override;
  void OnRetry(AccountKey account, std::optional<ConnectionKey> connection,
               const RetryReport& report) override;
  void OnRateLimiterWait(AccountKey account, Duration waited) override;
  void OnKeyRefused(AccountKey account, const KeyRefusalReport& report) override;
  void OnKeyAccepted(AccountKey account) override;

  const std::vector<std::unique_ptr<AccountModel>>& accounts() const { return accounts_; }
  const std::vector<std::unique_ptr<ConnectionModel>>& connections() const { return connections_; }
  std::uint64_t polls_begun() const { return polls_begun_; }
  /// Of one walk, ever.
  std::size_t most_rows() const { return most_rows_; }

 private:
  /// A moment at which something must have happened.
  struct Moment {
    enum class Kind : std::uint8_t { kDue, kRetry, kDeadline, kExpiry } kind;
    AccountKey account;
    std::optional<ConnectionKey> connection;  // nothing: the account's lists
    std::uint64_t serial;
  };

  /// The answer that the exporter is being told of.
  struct CurrentAnswer {
    AccountKey account;
    std::optional<ConnectionKey> connection;  // nothing: the account's lists
    Outcome outcome;
    Duration elapsed;
    std::uint64_t body_bytes = 0;
    std::uint32_t key = 0;  // that the request was sent with
    bool reported = false;
    bool settled = false;  // by OnRetry or OnPollEnded
  };

  struct InFlight {
    AccountKey account;
    std::optional<ConnectionKey> connection;  // nothing: the account's lists
    std::uint32_t key = 0;
  };

  AccountModel& AccountOf(AccountKey key) { return *accounts_[static_cast<std::size_t>(key)]; }
  ConnectionModel& ConnectionOf(ConnectionKey key) {
    return *connections_[static_cast<std::size_t>(key)];
  }
  const AccountPlan& PlanOf(const AccountModel& account) const { return *plans_.at(account.name); }
  /// The time that the exporter goes by at this point.
  Instant Now() const { return answer_ ? clock_.Now() : step_time_; }
  bool IsAnswered(const ConnectionModel& connection) const {
    return answer_ && answer_->connection == connection.key;
  }

  template <typename... Numbers>
  void Note(std::string_view what, const ConnectionModel& connection, Numbers... numbers) {
    trace_.Add(clock_.Now(), what, connection.place.account, connection.place.connection,
               numbers...);
  }

  // Requests.
  void CheckRequest(const Request& request, Duration longest, const SequenceRecord& record) const;
  void SendForPoll(ConnectionModel& connection, RequestId id, const Request& request,
                   const PageRequest& page);
  void SendForLists(AccountModel& account, RequestId id, const Request& request,
                    const ListRequest& list);
  ConnectionKey FindConnection(const AccountModel& account, std::string_view id) const;
  SequenceRecord* RecordOf(AccountKey account, std::optional<ConnectionKey> connection);
  void ApplyToAccount(AccountModel& account, const AccountPlan& before, const AccountPlan& next);

  // Lists.
  void ExpectRefresh(AccountModel& account, Instant earliest, Instant latest);
  void ExpectRefreshAgain(AccountModel& account, const DiscoveryPlan& plan);
  void GiveUpRefresh(AccountModel& account);
  void GiveFirstPollsTime(const AccountModel& account);
  void ForgetKey(AccountModel& account);
  static bool NamesUnknown(const AccountModel& account, const AccountPlan& before,
                           const AccountPlan& next);
  void RequirePlan(const AccountModel& account) const;
  std::size_t CountDiscovered(const AccountModel& account) const;

  // Schedule.
  void ExpectDue(ConnectionModel& connection, Instant when);
  void Expect(ConnectionModel& connection, Instant when, Moment::Kind kind);
  void Elapse(const Moment& moment, Instant when);
  void ElapseForLists(const Moment& moment, Instant when);
  void ElapseDue(ConnectionModel& connection, Instant due);
  void BeginTurn(ConnectionModel& connection, Duration lag);
  void RequireItsTurn(const AccountModel& account, const ConnectionModel& connection) const;
  void SetReady(ConnectionModel& connection);
  void SetListsReady(AccountModel& account);
  void CheckWait(AccountModel& account, WaitMeter::Waited before) const;
  void SetNotReady(const ConnectionModel& connection);
  void RequireNoIdleness(AccountModel& account) const;
  bool KeyIsTried(const AccountModel& account) const;
  void RequireOnlyProbe(const AccountModel& account, const ConnectionModel& connection) const;

  // Budget and intervals, in checker_budget.cpp.
  void SetPending(ConnectionModel& connection, ConnectionModel::Pending pending, Instant since);
  void SetInForce(ConnectionModel& connection, const IntervalInForce& in_force);
  void NoteTried(ConnectionModel& connection);
  void ForgetRefusals(ConnectionModel& connection);
  void ChangeIdleness(ConnectionModel& connection, const PollReport& report);
  Need NeedOf(const AccountModel& account) const;
  void RequireIntervals(const AccountModel& account) const;
  void RequireBudget(const AccountModel& account) const;
  void CheckExpired(ConnectionModel& connection, const PollReport& report);
  Duration ShortestInterval(const AccountModel& account) const;

  // Polls.
  void BeginPoll(ConnectionModel& connection, Duration lag);
  void EndHeldBack(ConnectionModel& connection, const PollReport& report);
  void NoteFailure(ConnectionModel& connection, FailureReason reason);
  void CheckComplete(ConnectionModel& connection, const CompletePoll& poll, Instant now);
  void CheckDetails(const CompletePoll& poll, const std::vector<Row>& legs) const;
  void CheckTruth(ConnectionModel& connection, const std::vector<Row>& legs);
  void CheckHeldBackByKey(ConnectionModel& connection, Duration lag);
  void CheckFailed(ConnectionModel& connection, const PollReport& report);
  void LearnFrom(ConnectionModel& connection, const PollReport& report);
  void CheckKeyNews(ConnectionModel& connection, const PollReport& report);
  bool AnsweredWithPresentKey(const AccountModel& account);
  bool HasPresentKey(const ConnectionModel& connection);
  bool IsRefusedAlone(const ConnectionModel& connection);
  void NoteKeyAccepted(ConnectionModel& connection);
  void Keep(ConnectionModel& connection, const PollReport& report);

  const SimClock& clock_;
  SimApi& api_;
  Statistics& statistics_;
  Trace& trace_;
  PollObserver* listener_ = nullptr;

  PollPlan plan_;
  std::unordered_map<std::string, const AccountPlan*> plans_;  // of plan_, by account name
  bool applying_ = false;
  bool says_else_ = false;  // the plan that is applied has other buckets or thresholds
  std::vector<std::unique_ptr<AccountModel>> accounts_;
  std::vector<std::unique_ptr<ConnectionModel>> connections_;
  std::unordered_map<std::uint64_t, std::uint64_t> sent_;  // requests ever, by place
  std::unordered_map<RequestId, InFlight> in_flight_;

  EventQueue<Moment> moments_;
  std::uint64_t last_serial_ = 0;
  Instant step_time_{};
  std::optional<CurrentAnswer> answer_;
  std::optional<ConnectionKey> key_news_;  // whose poll's end has just said something of the key
  std::uint64_t polls_begun_ = 0;
  std::size_t most_rows_ = 0;
};

}  // namespace telnyx_exporter::simulation
