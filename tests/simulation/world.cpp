#include "simulation/world.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "simulation/discovery_model.h"
#include "simulation/durations.h"
#include "simulation/names.h"

namespace telnyx_exporter::simulation {
namespace {

using namespace std::chrono_literals;

constexpr double kSecondsADay = 86400;

constexpr std::array<const char*, 6> kNames = {"support",     "sales",      "a \"quoted\" name",
                                               "back\\slash", "two\nlines", "ürgent"};

std::vector<double> DrawBounds(Random& random) {
  constexpr std::array kAll = {0.5,   1.0,   5.0,    15.0,   30.0,   60.0,   120.0,
                               300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0};
  std::vector<double> bounds;
  for (const double bound : kAll) {
    if (random.Chance(0.7)) bounds.push_back(bound);
  }
  if (bounds.empty()) bounds.push_back(60);
  return bounds;
}

std::vector<std::uint32_t> DrawThresholds(Random& random) {
  constexpr std::array kAll = {1U, 20U, 60U, 300U, 1800U, 14400U};
  std::vector<std::uint32_t> thresholds;
  for (const std::uint32_t threshold : kAll) {
    if (random.Chance(0.5)) thresholds.push_back(threshold);
  }
  return thresholds;
}

Duration Rounded(Duration duration, Random& random) {
  const bool whole = duration > 2s && random.Chance(0.6);
  if (whole) return std::chrono::floor<std::chrono::seconds>(duration);
  return std::chrono::floor<std::chrono::milliseconds>(duration);
}

// As the configuration allows it: longer than any interval that it asks for.
Duration DrawStaleAfter(const ConnectionPlan& plan, Random& random) {
  const Duration longest = plan.idle_interval.value_or(plan.interval);
  return Rounded(random.LogBetween(longest + 1s, longest * 5 + 2s), random);
}

}  // namespace

World::World(std::uint64_t seed, std::uint64_t other_seed, SimApi& api) : api_(api) {
  Random random(seed);
  plan_.walk.page_limit =
      random.Chance(0.6) ? 250 : static_cast<std::uint32_t>(random.LogBetween(1, 250.5));
  plan_.walk.max_pages =
      random.Chance(0.8) ? 4000 : static_cast<std::uint32_t>(random.LogBetween(1, 50));
  plan_.max_concurrent_requests =
      random.Chance(0.6) ? 32 : static_cast<std::uint32_t>(random.LogBetween(1, 64.5));
  if (random.Chance(0.2)) {
    plan_.shard.total = static_cast<std::uint32_t>(random.Between(2, 4));
    plan_.shard.index = static_cast<std::uint32_t>(random.Below(plan_.shard.total));
  }
  plan_.max_response_bytes = random.Chance(0.9) ? 4U << 20U : 4U << 10U;
  plan_.duration_bounds = DrawBounds(random);
  plan_.long_call_thresholds = DrawThresholds(random);

  const std::uint64_t accounts = random.Between(1, 4);
  const double requests_a_day = random.Chance(0.03) ? 60'000 : random.LogBetween(300, 15'000);
  for (std::uint32_t i = 0; i < accounts; ++i) {
    Random of_account(Mix(i == 0 ? seed : other_seed, i + 1));
    const auto connections = static_cast<std::uint64_t>(of_account.LogBetween(1, 16));
    DrawAccount(i, connections, requests_a_day / static_cast<double>(accounts), of_account);
  }
}

const ConnectionTraits& World::TraitsOf(std::uint32_t account, std::uint32_t connection) const {
  return api_
      .connection(
          {.server = accounts_[account].server, .account = account, .connection = connection})
      .traits;
}

// Intervals as short as the requests allowed for a day make them.
void World::DrawAccount(std::uint32_t index, std::uint64_t connections, double requests_a_day,
                        Random& random) {
  accounts_.emplace_back();
  const bool alike = random.Chance(0.4);
  std::vector<double> factors;
  double cost = 0;
  for (std::uint32_t i = 0; i < connections; ++i) {
    const ConnectionTraits& traits = TraitsOf(index, i);
    factors.push_back(alike ? 1 : random.LogBetween(0.3, 3));
    cost += (static_cast<double>(traits.MostPages(plan_.walk.page_limit)) +
             traits.calls.mean_calls / 100) /
            factors.back();
  }
  for (const double factor : factors) {
    const Duration interval = Seconds(factor * cost * kSecondsADay / requests_a_day);
    accounts_[index].connections.push_back(
        DrawConnection(index, std::clamp<Duration>(interval, 1s, 24h), random));
  }
  if (random.Chance(0.4)) accounts_[index].discovery = DrawDiscovery(random);
  DrawLimits(index, random);
}

DiscoveryPlan World::DrawDiscovery(Random& random) {
  DiscoveryPlan plan{.refresh_interval = random.Chance(0.1)
                                             ? random.LogBetween(Duration(10s), Duration(5min))
                                             : random.LogBetween(Duration(5min), Duration(3h))};
  if (random.Chance(0.5)) {
    plan.include.name = NamePattern::Compile(std::string(kKeptNames) + ".*").value();
  }
  if (random.Chance(0.2)) plan.include.tags = {"voice", "none"};
  if (random.Chance(0.2)) plan.exclude.tags = {"old"};
  if (random.Chance(0.2)) plan.exclude.record_types = {"ip_connection"};
  plan.channel_limits = random.Chance(0.4);
  const Duration interval = Rounded(random.LogBetween(Duration(1min), Duration(1h)), random);
  plan.connection = {.interval = interval, .timeout = std::min<Duration>(10s, interval)};
  if (random.Chance(0.3)) plan.connection.idle_interval = interval * 4;
  if (random.Chance(0.15)) plan.max_connections = random.Between(1, 8);
  if (random.Chance(0.3)) plan.connection.labels = {{"found", "yes"}};
  return plan;
}

ConnectionPlan World::DrawConnection(std::uint32_t index, Duration interval, Random& random) {
  interval = Rounded(interval, random);
  const Duration timeout =
      random.Chance(0.6) ? Duration(10s)
                         : Rounded(random.LogBetween(Duration(200ms), Duration(5min)), random);
  ConnectionPlan plan{.id = ConnectionId(index, accounts_[index].connections_ever++),
                      .name = random.Pick(kNames),
                      .interval = interval,
                      .timeout = std::min(timeout, interval)};
  plan.peak_window = Rounded(random.LogBetween(Duration(10s), Duration(1h)), random);
  if (random.Chance(0.3)) plan.idle_interval = interval * random.Between(1, 5);
  if (random.Chance(0.5)) plan.stale_after = DrawStaleAfter(plan, random);
  if (random.Chance(0.3)) plan.labels = {{"team", "voice"}};
  if (random.Chance(0.3)) plan.channel_limit = static_cast<std::uint32_t>(random.Below(500));
  return plan;
}

double World::RequestsASecond(const Account& account, std::uint32_t index) const {
  double sum = 0;
  for (const ConnectionPlan& plan : account.connections) {
    const ConnectionTraits& traits = TraitsOf(index, ConnectionNumber(plan.id));
    sum += static_cast<double>(traits.MostPages(plan_.walk.page_limit)) / ToSeconds(plan.interval);
  }
  return sum;
}

void World::DrawLimits(std::uint32_t index, Random& random) {
  Account& account = accounts_[index];
  const double load = RequestsASecond(account, index);
  account.rate_limit.burst = static_cast<std::uint32_t>(random.LogBetween(1, 60));
  account.rate_limit.requests_per_second = random.Chance(0.8)
                                               ? std::max(random.LogBetween(1, 100), 5 * load)
                                               : std::max(0.02, load * random.LogBetween(0.3, 3));
  RequestLimit& limit = api_.account(index).limit;
  limit.window =
      random.Chance(0.5) ? Duration(1min) : random.LogBetween(Duration(1s), Duration(5min));
  limit.headers = static_cast<RequestLimit::Headers>(random.Below(3));
  limit.retry_after = static_cast<RequestLimit::RetryAfter>(random.Below(3));
  const double window = ToSeconds(limit.window);
  const double kind = random.Real();
  if (kind < 0.25) {
    limit.requests = static_cast<std::uint64_t>(
        1.5 * (account.rate_limit.burst + account.rate_limit.requests_per_second * window) + 2);
  } else if (kind < 0.45) {
    limit.requests = static_cast<std::uint64_t>(load * window * random.LogBetween(0.2, 4) + 1);
  }
}

PollPlan World::Plan() const {
  PollPlan plan = plan_;
  for (std::uint32_t i = 0; i < accounts_.size(); ++i) {
    const Account& account = accounts_[i];
    if (!account.present) continue;
    plan.accounts.push_back({.name = AccountName(i),
                             .endpoint = std::make_shared<const Endpoint>(MakeEndpoint(
                                 {.server = account.server, .account = i, .key = account.key})),
                             .rate_limit = account.rate_limit,
                             .connections = account.connections,
                             .discovery = account.discovery});
  }
  return plan;
}

void World::Change(Random& random) {
  if (random.Chance(0.15)) return;  // the same again
  for (std::uint64_t changes = random.Between(1, 3); changes > 0; --changes) {
    if (random.Chance(0.2)) {
      ChangePolling(random);
    } else {
      ChangeAccount(static_cast<std::uint32_t>(random.Below(accounts_.size())), random);
    }
  }
}

void World::ChangePolling(Random& random) {
  switch (random.Below(4)) {
    case 0:
      plan_.walk.page_limit = static_cast<std::uint32_t>(random.Between(100, 250));
      break;
    case 1:
      plan_.max_concurrent_requests = static_cast<std::uint32_t>(random.LogBetween(1, 64.5));
      break;
    case 2:
      plan_.duration_bounds = DrawBounds(random);
      plan_.long_call_thresholds = DrawThresholds(random);
      break;
    default:
      plan_.max_response_bytes = random.Chance(0.8) ? 4U << 20U : 16U << 10U;
      break;
  }
}

void World::ChangeAccount(std::uint32_t index, Random& random) {
  Account& account = accounts_[index];
  const std::uint64_t change = random.Below(14);
  if (change == 0) {
    account.server = static_cast<std::uint32_t>(random.Below(kServers));
  } else if (change == 1) {
    account.present = !account.present;
  } else if (change == 2) {
    account.rate_limit.burst = static_cast<std::uint32_t>(random.LogBetween(1, 60));
    account.rate_limit.requests_per_second *= random.LogBetween(0.5, 2);
  } else if (change == 12) {
    ChangeDiscovery(account, random);
  } else if (change == 3 || account.connections.empty()) {
    const Duration interval = random.LogBetween(Duration(20s), Duration(1h));
    account.connections.push_back(DrawConnection(index, interval, random));
  } else if (change == 4) {
    account.connections.erase(
        account.connections.begin() +
        static_cast<std::ptrdiff_t>(random.Below(account.connections.size())));
  } else {
    ChangeConnection(random.Pick(account.connections), random);
  }
}

void World::ChangeDiscovery(Account& account, Random& random) {
  if (account.discovery && random.Chance(0.3)) {
    account.discovery->refresh_interval = random.LogBetween(Duration(10s), Duration(3h));
  } else if (account.discovery && random.Chance(0.3)) {
    account.discovery->channel_limits = !account.discovery->channel_limits;
  } else {
    account.discovery = random.Chance(0.3) ? std::nullopt : std::optional(DrawDiscovery(random));
  }
}

void World::ChangeConnection(ConnectionPlan& connection, Random& random) {
  switch (random.Below(4)) {
    case 0:
      connection.name = random.Pick(kNames);
      break;
    case 1:
      connection.interval =
          Rounded(std::clamp<Duration>(
                      random.LogBetween(connection.interval / 2, connection.interval * 3), 1s, 24h),
                  random);
      connection.timeout = std::min(connection.timeout, connection.interval);
      connection.idle_interval.reset();
      if (random.Chance(0.3)) connection.idle_interval = connection.interval * random.Between(1, 5);
      connection.stale_after.reset();
      break;
    case 2:
      connection.stale_after.reset();
      if (random.Chance(0.7)) connection.stale_after = DrawStaleAfter(connection, random);
      break;
    default:
      connection.timeout = std::min<Duration>(
          Rounded(random.LogBetween(Duration(200ms), Duration(1min)), random), connection.interval);
      break;
  }
}

}  // namespace telnyx_exporter::simulation
