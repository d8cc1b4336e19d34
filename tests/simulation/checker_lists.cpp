// The account's lists and what is found in them.

#include <algorithm>

#include "simulation/checker.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

using namespace std::chrono_literals;

// What docs/decisions and the sources promise.
constexpr Duration kFirstRepeatDelay = 15s;
constexpr double kLeastSpread = 0.9;

Duration WaitAfter(std::uint32_t failures, Duration interval) {
  if (failures == 0) return interval;
  Duration wait = kFirstRepeatDelay;
  for (std::uint32_t i = 1; i < failures && wait < interval; ++i) wait = wait * 2;
  return std::min(wait, interval);
}

}  // namespace

void Checker::ExpectRefresh(AccountModel& account, Instant earliest, Instant latest) {
  account.refresh_earliest = earliest;
  account.refresh_latest = latest;
  moments_.Add(latest, {.kind = Moment::Kind::kDue, .account = account.key});
}

// By the newest refresh and the plan; what may wait for its turn already goes on waiting.
void Checker::ExpectRefreshAgain(AccountModel& account, const DiscoveryPlan& plan) {
  const Instant now = clock_.Now();
  if (account.refresh || account.refresh_ready_since) return;
  if (!account.refreshed_at) {
    ExpectRefresh(account, std::min(account.refresh_earliest, now), now);
    return;
  }
  const Duration wait = WaitAfter(account.failed_refreshes, plan.refresh_interval);
  const auto least = std::chrono::duration_cast<Duration>(wait * kLeastSpread);
  const Instant earliest = *account.refreshed_at + least;
  const Instant latest = *account.refreshed_at + wait;
  if (account.refresh_earliest > now) {
    ExpectRefresh(account, earliest, latest);
  } else {
    ExpectRefresh(account, std::min(account.refresh_earliest, earliest),
                  std::max(account.refresh_latest, latest));
  }
}

void Checker::GiveUpRefresh(AccountModel& account) {
  account.refresh.reset();
  account.refresh_earliest = account.refresh_latest = Instant::max();
  account.refresh_ready_since.reset();
}

void Checker::ElapseForLists(const Moment& moment, Instant when) {
  const auto& place = accounts_[static_cast<std::size_t>(moment.account)];
  if (place == nullptr) return;
  AccountModel& account = *place;
  auto& refresh = account.refresh;
  switch (moment.kind) {
    case Moment::Kind::kDue:
      if (!refresh && account.refresh_latest == when) SetListsReady(account);
      break;
    case Moment::Kind::kRetry:
      if (!refresh || refresh->retry_at() != when) break;
      if (refresh->stage() != SequenceRecord::Stage::kWaitsToRetry) break;
      refresh->OnRetryWaitOver();
      SetListsReady(account);
      break;
    case Moment::Kind::kDeadline:
      Require(!refresh || refresh->deadline() > step_time_,
              "the reading of lists goes on after its time-out");
      break;
    case Moment::Kind::kExpiry:
      break;  // of connections alone
  }
}

void Checker::OnDiscoveryEnded(AccountKey key, const DiscoveryReport& report) {
  AccountModel& account = AccountOf(key);
  Require(account.refresh.has_value() && !account.refresh_request,
          "the reading of lists ended twice, or never began");
  Require(report.ended_wall == clock_.WallNow(), "the wall time of lists is wrong");
  const bool answered = answer_ && answer_->account == key && !answer_->connection;
  if (answered) {
    Require(!answer_->settled, "the reading of lists ended twice");
    answer_->settled = true;
  }
  if (report.result) {
    Require(answered && account.refresh->expectation().kind == Expectation::Kind::kComplete,
            "lists that were not read to their end are used");
    Require(account.key_refusals == 0 || !AnsweredWithPresentKey(account),
            "lists that were read did not prove the key");
    account.discovery.Update(*account.refresh);
    account.failed_refreshes = 0;
    account.refresh_pages = account.refresh->pages();
    account.discovered_at = report.ended_wall;
    account.discovered = CountDiscovered(account);
    account.limited_profiles = account.discovery.limited_profiles();
    Require(*report.result == account.discovered, "{} connections are found instead of {}",
            *report.result, account.discovered);
    ++statistics_.refreshes;
  } else {
    account.refresh->RequireFailure(report.result.error().reason, Now(), answered);
    ++account.failed_refreshes;
    ++account.discovery_failures;
    ++statistics_.failed_refreshes;
    if (report.result.error().reason == FailureReason::kTooManyConnections) {
      ++statistics_.too_many_connections;
      ++account.failures[static_cast<std::size_t>(FailureReason::kTooManyConnections)];
    }
  }
  RequirePlan(account);
  GiveUpRefresh(account);
  account.refreshed_at = Now();
  ExpectRefreshAgain(account, *PlanOf(account).discovery);
  trace_.Add(clock_.Now(), "lists end", account.index, report.result.has_value());
  listener_->OnDiscoveryEnded(key, report);
}

}  // namespace telnyx_exporter::simulation
