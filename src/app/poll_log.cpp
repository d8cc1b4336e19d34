#include "app/poll_log.h"

namespace telnyx_exporter {
namespace {

bool SameKind(const PollFailure& left, const PollFailure& right) {
  return left.reason == right.reason && left.http_status == right.http_status &&
         left.api_code == right.api_code;
}

}  // namespace

PollLog::PollLog(Log& log) : log_(log) {}

void PollLog::OnAccountAdded(AccountKey account, const AccountPlan& plan) {
  const auto index = static_cast<std::size_t>(account);
  if (account_names_.size() <= index) account_names_.resize(index + 1);
  account_names_[index] = plan.name;
}

void PollLog::OnConnectionAdded(ConnectionKey connection, AccountKey account,
                                const ConnectionPlan& plan) {
  const auto index = static_cast<std::size_t>(connection);
  if (connections_.size() <= index) connections_.resize(index + 1);
  connections_[index] = {.account = account_names_[static_cast<std::size_t>(account)],
                         .id = plan.id,
                         .name = plan.name};
}

void PollLog::OnAccountRemoved(AccountKey /*account*/) {}

void PollLog::OnConnectionChanged(ConnectionKey key, const ConnectionPlan& plan) {
  ConnectionOf(key).name = plan.name;
}

void PollLog::OnConnectionRemoved(ConnectionKey key) { ConnectionOf(key) = {}; }

void PollLog::OnPollBegun(ConnectionKey /*connection*/, Duration /*lag*/) {}

void PollLog::OnPollEnded(ConnectionKey key, const PollReport& report) {
  Connection& connection = ConnectionOf(key);
  if (!report.result) {
    OnFailure(connection, report);
    return;
  }
  if (connection.failure) {
    log_.Info("poll succeeds again", {{"account", connection.account},
                                      {"connection", connection.id},
                                      {"name", connection.name},
                                      {"failures", connection.failures}});
    connection.failure.reset();
  }
  log_.Debug("poll complete", {{"account", connection.account},
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
  // The refusal itself was said, once for the whole account.
  if (report.held_back) return;
  if (goes_on && report.ended - connection.said < kFailureReminderInterval) return;
  connection.said = report.ended;
  log_.Warn("poll failed", {{"account", connection.account},
                            {"connection", connection.id},
                            {"name", connection.name},
                            {"reason", ReasonLabel(failure.reason)},
                            {"status", failure.http_status},
                            {"code", failure.api_code},
                            {"title", failure.api_title},
                            {"detail", failure.detail},
                            {"failures", connection.failures},
                            {"seconds", report.elapsed}});
}

void PollLog::OnPollsSkipped(ConnectionKey key, std::uint64_t count) {
  const Connection& connection = ConnectionOf(key);
  log_.Debug("polls skipped",
             {{"account", connection.account}, {"connection", connection.id}, {"count", count}});
}

void PollLog::OnRequestEnded(AccountKey /*account*/, const RequestReport& /*report*/) {}

void PollLog::OnRetry(ConnectionKey key, const RetryReport& report) {
  const Connection& connection = ConnectionOf(key);
  log_.Debug("request is sent again", {{"account", connection.account},
                                       {"connection", connection.id},
                                       {"reason", ReasonLabel(report.failure.reason)},
                                       {"status", report.failure.http_status},
                                       {"detail", report.failure.detail},
                                       {"wait_seconds", report.delay}});
}

void PollLog::OnRateLimiterWait(AccountKey /*account*/, Duration /*waited*/) {}

void PollLog::OnKeyRefused(AccountKey account, const KeyRefusalReport& report) {
  log_.Error("API key refused", {{"account", account_names_[static_cast<std::size_t>(account)]},
                                 {"connection", report.connection_id},
                                 {"status", report.failure.http_status},
                                 {"code", report.failure.api_code},
                                 {"title", report.failure.api_title},
                                 {"refusals", report.refusals},
                                 {"wait_seconds", report.wait}});
}

void PollLog::OnKeyAccepted(AccountKey account) {
  log_.Info("API key accepted again",
            {{"account", account_names_[static_cast<std::size_t>(account)]}});
}

}  // namespace telnyx_exporter
