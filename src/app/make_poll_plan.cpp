#include "app/make_poll_plan.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

// An idle interval that is not longer than the interval changes nothing. One of the whole
// configuration may be shorter than a single connection's own interval.
std::optional<Duration> IdleIntervalOf(const ConnectionConfig& connection, const PollConfig& poll,
                                       Duration interval) {
  const auto idle = connection.idle_interval ? connection.idle_interval : poll.idle_interval;
  return idle && *idle > interval ? idle : std::nullopt;
}

ConnectionPlan MakeConnectionPlan(const ConnectionConfig& connection, const PollConfig& poll) {
  const Duration interval = connection.interval.value_or(poll.interval);
  return {.id = connection.id,
          .name = connection.name.empty() ? connection.id : connection.name,
          .labels = connection.labels,
          .record_type = "",
          .interval = interval,
          .timeout = std::min(poll.timeout, interval),
          .idle_interval = IdleIntervalOf(connection, poll, interval),
          .stale_after = poll.stale_after,
          .peak_window = poll.peak_window,
          .channel_limit = connection.channel_limit};
}

DiscoveryFilterPlan MakeFilterPlan(const DiscoveryFilter& filter) {
  DiscoveryFilterPlan plan{.record_types = filter.record_type, .tags = filter.tag};
  // The configuration was checked: it compiles.
  if (!filter.name.empty()) plan.name = NamePattern::Compile(filter.name).value();
  return plan;
}

DiscoveryPlan MakeDiscoveryPlan(const DiscoveryConfig& discovery, const PollConfig& poll) {
  return {.refresh_interval = discovery.refresh_interval,
          .include = MakeFilterPlan(discovery.include),
          .exclude = MakeFilterPlan(discovery.exclude),
          .channel_limits = discovery.channel_limits,
          .max_connections = discovery.max_connections,
          .connection = MakeConnectionPlan({}, poll)};
}

// The account's limit is shared by all shards.
RateLimit ShareOf(const RateLimitConfig& limit, const Shard& shard) {
  return {.requests_per_second = limit.requests_per_second / shard.total,
          .burst = std::max(1U, limit.burst / shard.total)};
}

std::vector<std::uint32_t> WholeSeconds(const std::vector<Duration>& durations) {
  std::vector<std::uint32_t> seconds;
  seconds.reserve(durations.size());
  for (const Duration duration : durations) {
    seconds.push_back(static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(duration).count()));
  }
  return seconds;
}

Result<Secret> ProxyOf(const AccountConfig& account, const ReadVariable& read_variable) {
  if (!account.proxy_from_environment) return account.proxy_url;
  return ProxyFromEnvironment(account.base_url, read_variable);
}

AccountPlan MakeAccountPlan(const AccountConfig& account, const PollConfig& poll,
                            const Shard& shard, Secret key, Secret proxy) {
  AccountPlan plan{.name = account.name,
                   .endpoint = std::make_shared<const Endpoint>(Endpoint{
                       .base_url = account.base_url,
                       .api_key = std::move(key),
                       .proxy_url = std::move(proxy),
                       .ca_file = account.tls.ca_file,
                       .server_name = account.tls.server_name,
                       .insecure_skip_verify = account.tls.insecure_skip_verify,
                   }),
                   .rate_limit = ShareOf(account.rate_limit, shard)};
  for (const ConnectionConfig& connection : account.connections) {
    plan.connections.push_back(MakeConnectionPlan(connection, poll));
  }
  if (account.discovery.enabled) plan.discovery = MakeDiscoveryPlan(account.discovery, poll);
  return plan;
}

}  // namespace

std::expected<PollPlan, std::vector<Error>> MakePollPlan(const Config& config, const Shard& shard,
                                                         const ReadKey& read_key,
                                                         const ReadVariable& read_variable) {
  PollPlan plan{.walk = {.page_limit = config.poll.page_limit, .max_pages = config.poll.max_pages},
                .max_concurrent_requests = config.poll.max_concurrent_requests,
                .max_response_bytes = config.poll.max_response_size,
                .duration_bounds = config.duration_buckets,
                .long_call_thresholds = WholeSeconds(config.long_call_thresholds),
                .shard = shard};
  std::vector<Error> errors;
  for (const AccountConfig& account : config.accounts) {
    auto key = read_key(account.api_key);
    auto proxy = ProxyOf(account, read_variable);
    for (const auto* result : {&key, &proxy}) {
      if (*result) continue;
      errors.push_back({fmt::format("account {}: {}", account.name, result->error().message)});
    }
    if (!key || !proxy) continue;
    plan.accounts.push_back(
        MakeAccountPlan(account, config.poll, shard, std::move(*key), std::move(*proxy)));
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return plan;
}

}  // namespace telnyx_exporter
