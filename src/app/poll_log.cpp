#include "app/poll_log.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace telnyx_exporter {
namespace {

bool SameKind(const PollFailure& left, const PollFailure& right) {
  return left.reason == right.reason && left.http_status == right.http_status &&
         left.api_code == right.api_code;
}

// Ours, or the API's own sentence.
const std::string& DetailOf(const PollFailure& failure) {
  return failure.detail.empty() ? failure.api_detail : failure.detail;
}

}  // namespace

PollLog::PollLog(Log& log) : log_(log) {}

void PollLog::OnAccountAdded(AccountKey account, const AccountPlan& plan) {
  const auto index = static_cast<std::size_t>(account);
  if (accounts_.size() <= index) accounts_.resize(index + 1);
  accounts_[index] = {.name = plan.name, .configured_rate = plan.rate_limit.requests_per_second};
}

void PollLog::OnAccountChanged(AccountKey account, const AccountPlan& plan) {
  accounts_[static_cast<std::size_t>(account)].configured_rate =
      plan.rate_limit.requests_per_second;
}

void PollLog::OnConnectionAdded(ConnectionKey connection, AccountKey account,
                                const ConnectionPlan& plan) {
  const auto index = static_cast<std::size_t>(connection);
  if (connections_.size() <= index) connections_.resize(index + 1);
  connections_[index] = {.account = account, .id = plan.id, .name = plan.name};
}

void PollLog::OnConnectionChanged(ConnectionKey key, const ConnectionPlan& plan) {
  ConnectionOf(key).name = plan.name;
}

void PollLog::OnConnectionRemoved(ConnectionKey key) {
  Release(ConnectionOf(key));
  ConnectionOf(key) = {};
}

void PollLog::OnPollEnded(ConnectionKey key, const PollReport& report) {
  Connection& connection = ConnectionOf(key);
  if (!report.result) {
    OnFailure(connection, report);
    return;
  }
  Release(connection);
  if (std::exchange(connection.was_said, false)) {
    log_.Info("poll succeeds again", {{"account", NameOf(connection.account)},
                                      {"connection", connection.id},
                                      {"name", connection.name},
                                      {"failures", connection.failures}});
  }
  connection.failure.reset();
  log_.Debug("poll complete", {{"account", NameOf(connection.account)},
                               {"connection", connection.id},
                               {"active_calls", report.result->summary.legs},
                               {"pages", report.result->pages},
                               {"seconds", report.elapsed}});
}

void PollLog::OnFailure(Connection& connection, const PollReport& report) {
  const PollFailure& failure = report.result.error();
  const bool goes_on = connection.failure && SameKind(*connection.failure, failure);
  connection.failures = connection.failure ? connection.failures + 1 : 1;
  connection.failure = failure;
  if (report.held_back) {
    HoldBack(connection, failure);
    return;
  }
  Release(connection);
  if (goes_on && report.ended - connection.said < kFailureReminderInterval) return;
  connection.said = report.ended;
  connection.was_said = true;
  log_.Warn("poll failed", {{"account", NameOf(connection.account)},
                            {"connection", connection.id},
                            {"name", connection.name},
                            {"reason", ReasonLabel(failure.reason)},
                            {"status", failure.http_status},
                            {"code", failure.api_code},
                            {"title", failure.api_title},
                            {"detail", DetailOf(failure)},
                            {"failures", connection.failures},
                            {"seconds", report.elapsed}});
}

// One line for the whole account and each change. That a key was refused is said elsewhere.
void PollLog::HoldBack(Connection& connection, const PollFailure& failure) {
  const bool by_limit = failure.reason == FailureReason::kRequestBudget ||
                        failure.reason == FailureReason::kRateLimited;
  if (!by_limit) return;
  Account& account = accounts_[static_cast<std::size_t>(connection.account)];
  if (!std::exchange(connection.held_back, true)) ++account.held_back;
  if (std::exchange(account.held_by, failure.reason) == failure.reason) return;
  log_.Warn("polls held back, values expire",
            {{"account", account.name},
             {"reason", ReasonLabel(failure.reason)},
             {"detail", failure.detail},
             {"required_per_second", account.budget.required_per_second},
             {"allowed_per_second", account.budget.allowed_per_second}});
}

void PollLog::Release(Connection& connection) {
  if (!std::exchange(connection.held_back, false)) return;
  Account& account = accounts_[static_cast<std::size_t>(connection.account)];
  if (--account.held_back > 0) return;
  account.held_by.reset();
  log_.Info("polls no longer held back", {{"account", account.name}});
}

void PollLog::OnBudgetChanged(AccountKey key, const RequestBudget& budget) {
  Account& account = accounts_[static_cast<std::size_t>(key)];
  account.budget = budget;
  const bool is_short = budget.required_per_second > budget.allowed_per_second;
  if (!is_short) {
    if (!account.shortage) return;
    account.shortage.reset();
    log_.Info("rate limit sufficient again", {{"account", account.name},
                                              {"required_per_second", budget.required_per_second},
                                              {"allowed_per_second", budget.allowed_per_second}});
    return;
  }
  // A higher limit of our own does not help against refusals.
  const bool refused = budget.required_per_second <= account.configured_rate;
  const Shortage shortage{.connections = budget.connections, .refused = refused};
  if (std::exchange(account.shortage, shortage) == shortage) return;
  log_.Warn(
      refused ? "the API refuses requests that polling needs (429), polling less often"
              : "rate limit too low for the configured intervals, polling less often",
      {{"account", account.name},
       {"connections", budget.connections},
       {"required_per_second", budget.required_per_second},
       {"allowed_per_second", budget.allowed_per_second},
       {"remedy", refused ? "raise the intervals, or reduce what other clients send to the API"
                          : "raise rate_limit.requests_per_second or the intervals"}});
}

void PollLog::OnPollsSkipped(ConnectionKey key, std::uint64_t count) {
  const Connection& connection = ConnectionOf(key);
  log_.Debug(
      "polls skipped",
      {{"account", NameOf(connection.account)}, {"connection", connection.id}, {"count", count}});
}

void PollLog::OnRetry(AccountKey account, std::optional<ConnectionKey> key,
                      const RetryReport& report) {
  log_.Debug("retrying request", {{"account", NameOf(account)},
                                  {"connection", key ? ConnectionOf(*key).id : ""},
                                  {"reason", ReasonLabel(report.failure.reason)},
                                  {"status", report.failure.http_status},
                                  {"detail", report.failure.detail},
                                  {"wait_seconds", report.delay}});
}

void PollLog::OnKeyRefused(AccountKey account, const KeyRefusalReport& report) {
  log_.Error("API key refused", {{"account", NameOf(account)},
                                 {"connection", report.connection_id},
                                 {"status", report.failure.http_status},
                                 {"code", report.failure.api_code},
                                 {"title", report.failure.api_title},
                                 {"detail", report.failure.api_detail},
                                 {"refusals", report.refusals},
                                 {"wait_seconds", report.wait}});
}

void PollLog::OnKeyAccepted(AccountKey account) {
  log_.Info("API key accepted again", {{"account", NameOf(account)}});
}

void PollLog::OnDiscoveryEnded(AccountKey key, const DiscoveryReport& report) {
  Account& account = accounts_[static_cast<std::size_t>(key)];
  if (!report.result) {
    const PollFailure& failure = report.result.error();
    log_.Warn("discovery failed", {{"account", account.name},
                                   {"reason", ReasonLabel(failure.reason)},
                                   {"status", failure.http_status},
                                   {"code", failure.api_code},
                                   {"title", failure.api_title},
                                   {"detail", DetailOf(failure)}});
    return;
  }
  NameLacking(account, report.known.lists());
  NameLeftOut(account, report.known.lists());
  const std::uint64_t listed = report.known.lists().listed;
  if (std::exchange(account.discovered, *report.result) == *report.result) return;
  log_.Info("connections discovered",
            {{"account", account.name}, {"listed", listed}, {"polled", *report.result}});
}

void PollLog::NameLacking(Account& account, const AccountLists& lists) {
  for (const std::string_view list : lists.lacking) {
    if (std::ranges::find(account.lacking, list) != account.lacking.end()) continue;
    log_.Info("list not available, its limits are unknown",
              {{"account", account.name}, {"list", list}});
  }
  account.lacking = lists.lacking;
}

void PollLog::NameLeftOut(Account& account, const AccountLists& lists) {
  if (lists.not_pollable != account.not_pollable && lists.not_pollable.count > 0) {
    log_.Info("connections that cannot list active calls are not polled",
              {{"account", account.name},
               {"count", lists.not_pollable.count},
               {"connections", fmt::format("{}", fmt::join(lists.not_pollable.names, ", "))}});
  }
  account.not_pollable = lists.not_pollable;
  if (lists.unusable != account.unusable && lists.unusable.count > 0) {
    log_.Warn("unusable list entries skipped",
              {{"account", account.name},
               {"count", lists.unusable.count},
               {"rows", fmt::format("{}", fmt::join(lists.unusable.names, ", "))}});
  }
  account.unusable = lists.unusable;
}

}  // namespace telnyx_exporter
