#include "simulation/recovery_watch.h"

#include <algorithm>

#include "simulation/durations.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

using namespace std::chrono_literals;

// The longest slowed-down interval, the API's longest block and the way back to the full rate.
constexpr Duration kLongestRecovery = 5min + 1min + 5min;
constexpr double kAmpleShare = 0.3;
constexpr std::size_t kMostRowBytes = 320;
constexpr double kMostListPages = 24;

}  // namespace

void RecoveryWatch::SetHealthy(std::uint32_t account, bool healthy, Instant now) {
  if (healthy_since_.size() <= account) healthy_since_.resize(account + 1);
  std::optional<Instant>& since = healthy_since_[account];
  if (!healthy) {
    since.reset();
  } else if (!since) {
    since = now;
  }
}

void RecoveryWatch::Disturb(Instant now) { disturbed_ = std::max(disturbed_, now); }

// Where accounts may have to wait for each other's requests, all must be healthy.
std::optional<Instant> RecoveryWatch::CalmSince(std::uint32_t account, bool shares_slots) const {
  Instant since = disturbed_;
  for (std::uint32_t i = 0; i < healthy_since_.size(); ++i) {
    if (i != account && !shares_slots) continue;
    if (!healthy_since_[i]) return std::nullopt;
    since = std::max(since, *healthy_since_[i]);
  }
  return since;
}

RecoveryWatch::Account RecoveryWatch::Weigh(const AccountModel& model, const PollPlan& plan) const {
  const auto found = std::ranges::find(plan.accounts, model.name, &AccountPlan::name);
  Account account{.plan = &*found, .model = &model};
  if (found->discovery) {
    account.pages = kMostListPages;
    account.load = kMostListPages / ToSeconds(found->discovery->refresh_interval);
  }
  for (const ConnectionKey key : model.connections) {
    const ConnectionModel& connection = *checker_.connections()[static_cast<std::size_t>(key)];
    const auto pages = static_cast<double>(
        api_.connection(connection.place).traits.MostPages(plan.walk.page_limit));
    account.pages += pages;
    account.load += pages / ToSeconds(connection.plan.interval);
  }
  return account;
}

std::optional<Duration> RecoveryWatch::LongestPoll(const PollPlan& plan, const Account& account,
                                                   const ConnectionModel& connection) const {
  const RateLimit& rate = account.plan->rate_limit;
  if (account.load > kAmpleShare * rate.requests_per_second) return std::nullopt;
  const RequestLimit& api_limit = api_.account(connection.place.account).limit;
  if (api_limit.requests > 0 &&
      static_cast<double>(api_limit.requests) <
          rate.burst + rate.requests_per_second * ToSeconds(api_limit.window) + 1) {
    return std::nullopt;
  }
  const ConnectionTraits& traits = api_.connection(connection.place).traits;
  const std::uint64_t pages = traits.MostPages(plan.walk.page_limit);
  const std::uint64_t page_bytes = traits.PageRows(plan.walk.page_limit) * kMostRowBytes + 1024;
  if (pages > plan.walk.max_pages || page_bytes > plan.max_response_bytes) return std::nullopt;
  // Every other request of the account first, at its rate, and all requests through the same slots.
  const Duration longest =
      latency() * pages + Seconds(account.pages / rate.requests_per_second) +
      Seconds(ToSeconds(latency()) * all_pages_ / plan.max_concurrent_requests);
  const Duration timeout = connection.plan.timeout;
  if (longest > timeout / 2 || latency() > timeout / 3) return std::nullopt;
  return longest;
}

bool RecoveryWatch::IsFresh(const ConnectionModel& connection, Duration longest_poll,
                            Instant calm_since, Instant now) const {
  const Duration interval = WantedBy(connection.plan, connection.idle());
  const Instant since = std::max(calm_since, connection.added);
  const Duration once = interval + longest_poll + 1ms;
  if (now <= since + kLongestRecovery + 2 * WantedBy(connection.plan, true) +
                 connection.plan.timeout + once)
    return true;
  return connection.complete && now - connection.complete->ended <= once && !connection.failure;
}

std::uint64_t RecoveryWatch::Check(const PollPlan& plan, Instant now) {
  std::vector<Account> accounts;
  std::size_t connections = 0;
  all_pages_ = 0;
  for (const auto& model : checker_.accounts()) {
    if (model == nullptr) continue;
    accounts.push_back(Weigh(*model, plan));
    all_pages_ += accounts.back().pages;
    connections += model->connections.size();
  }
  std::uint64_t compared = 0;
  for (const Account& account : accounts) {
    const auto calm_since =
        CalmSince(account.model->index, connections > plan.max_concurrent_requests);
    if (!calm_since) continue;
    for (const ConnectionKey key : account.model->connections) {
      const ConnectionModel& connection = *checker_.connections()[static_cast<std::size_t>(key)];
      if (api_.connection(connection.place).refusal != 0) continue;
      const auto longest_poll = LongestPoll(plan, account, connection);
      if (!longest_poll) continue;
      Require(IsFresh(connection, *longest_poll, *calm_since, now),
              "connection {} of {} is not fresh: calm since {} s, the last complete poll {} s ago, "
              "the interval is {} s",
              connection.plan.id, account.model->name, ToSeconds(now - *calm_since),
              connection.complete ? ToSeconds(now - connection.complete->ended) : -1,
              ToSeconds(connection.plan.interval));
      ++compared;
    }
  }
  return compared;
}

}  // namespace telnyx_exporter::simulation
