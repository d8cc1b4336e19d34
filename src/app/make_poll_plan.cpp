#include "app/make_poll_plan.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxCaFileBytes = std::size_t{16} << 20U;

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

Result<std::string> AuthoritiesOf(const AccountConfig& account, const ReadCa& read_ca) {
  auto text = read_ca(account.tls.ca_file);
  if (text) return text;
  return Fail(fmt::format("tls.ca_file {} {}", account.tls.ca_file, text.error().message));
}

AccountPlan MakeAccountPlan(const AccountConfig& account, const PollConfig& poll,
                            const Shard& shard, Endpoint endpoint) {
  AccountPlan plan{.name = account.name,
                   .endpoint = std::make_shared<const Endpoint>(std::move(endpoint)),
                   .rate_limit = ShareOf(account.rate_limit, shard)};
  for (const ConnectionConfig& connection : account.connections) {
    plan.connections.push_back(MakeConnectionPlan(connection, poll));
  }
  if (account.discovery.enabled) plan.discovery = MakeDiscoveryPlan(account.discovery, poll);
  return plan;
}

}  // namespace

Result<std::string> ReadCaFile(const std::string& path) {
  if (path.empty()) return {};
  auto file = ReadFile(path, kMaxCaFileBytes);
  if (!file) return std::unexpected(std::move(file.error()));
  if (PermissionFaults faults = CheckPermissions(file->status, false); !faults.error.empty()) {
    return Fail(std::move(faults.error));
  }
  if (file->text.contains("-----BEGIN ")) return std::move(file->text);
  return Fail("contains no PEM certificate: it must begin with -----BEGIN CERTIFICATE-----");
}

std::expected<PollPlan, std::vector<Error>> MakePollPlan(const Config& config, const Shard& shard,
                                                         const ReadKey& read_key,
                                                         const ReadVariable& read_variable,
                                                         const ReadCa& read_ca) {
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
    auto authorities = AuthoritiesOf(account, read_ca);
    const auto note = [&](const auto& result) {
      if (result) return;
      errors.push_back({fmt::format("account {}: {}", account.name, result.error().message)});
    };
    note(key);
    note(proxy);
    note(authorities);
    if (!key || !proxy || !authorities) continue;
    plan.accounts.push_back(
        MakeAccountPlan(account, config.poll, shard,
                        {.base_url = account.base_url,
                         .api_key = std::move(*key),
                         .proxy_url = std::move(*proxy),
                         .ca_certificates = std::move(*authorities),
                         .server_name = account.tls.server_name,
                         .insecure_skip_verify = account.tls.insecure_skip_verify}));
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return plan;
}

}  // namespace telnyx_exporter
