#include "app/load_plan.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "app/check_config.h"
#include "base/text.h"
#include "web/tls.h"

namespace telnyx_exporter {
namespace {

constexpr const char* kWholeAccount =
    "accounts: [{discovery: {enabled: true, channel_limits: true}}]\n";

// A link that leads nowhere is there, and so is what the user may not look at.
bool Exists(const std::string& path) {
  struct stat status{};
  return lstat(path.c_str(), &status) == 0 || errno != ENOENT;
}

bool HasKeyInEnvironment() {
  return !ReadProcessVariable(ApiKeySource().name).value_or("").empty();
}

ConfigErrors NothingToPoll(const std::string& file) {
  return {fmt::format("there is nothing to poll: {} does not exist, and TELNYX_API_KEY is not set.",
                      file),
          "To poll every connection of an account, set its key: TELNYX_API_KEY=KEY telnyx_exporter",
          "To choose what is polled, name a configuration file: telnyx_exporter "
          "--config.file=FILE"};
}

// More than a key may have, so that blanks around it find room.
constexpr std::size_t kMaxKeyFileBytes = 8192;
constexpr std::size_t kMaxCaFileBytes = std::size_t{16} << 20U;

Result<ApiKey> CheckKey(std::string_view text, std::string warning = {}) {
  if (std::string fault = FindApiKeyFault(text); !fault.empty()) return Fail(std::move(fault));
  return ApiKey{.key = Secret(TrimWhitespace(text)), .warning = std::move(warning)};
}

// Who may write the file decides which account is polled and, with a proxy, where a key goes.
Result<ApiKey> ReadKeyFile(const std::string& path) {
  auto file = ReadSecretFile(path, kMaxKeyFileBytes);
  if (!file) return std::unexpected(std::move(file.error()));
  PermissionFaults faults = CheckPermissions(file->status, true);
  if (!faults.error.empty()) return Fail(std::move(faults.error));
  return CheckKey(file->text.reveal(), std::move(faults.warning));
}

FileSet FilesOf(const Config& config) {
  FileSet files;
  for (const AccountConfig& account : config.accounts) {
    if (account.api_key.kind == ApiKeySource::Kind::kFile) files.Add(account.api_key.name);
    if (!account.tls.ca_file.empty()) files.Add(account.tls.ca_file);
  }
  return files;
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

std::expected<SourcedConfig, ConfigErrors> LoadConfig(const ConfigSource& source) {
  const bool built_in = source.may_be_missing && !Exists(source.file);
  if (built_in && !HasKeyInEnvironment()) return std::unexpected(NothingToPoll(source.file));
  auto loaded = built_in ? ParseConfig(kWholeAccount) : LoadConfigFile(source.file);
  if (loaded) {
    return SourcedConfig{.loaded = std::move(*loaded),
                         .origin = built_in ? "built in: the whole account" : source.file,
                         .built_in = built_in};
  }
  return std::unexpected(FormatConfigMessages(source.file, loaded.error()));
}

std::optional<Duration> IdleIntervalOf(const ConnectionConfig& connection, const PollConfig& poll,
                                       Duration interval) {
  const auto idle = connection.idle_interval ? connection.idle_interval : poll.idle_interval;
  return idle && *idle > interval ? idle : std::nullopt;
}

Result<ApiKey> FindApiKey(const ApiKeySource& source) {
  switch (source.kind) {
    case ApiKeySource::Kind::kFile:
      return ReadKeyFile(source.name);
    case ApiKeySource::Kind::kEnvironment: {
      const auto value = ReadProcessVariable(source.name);
      if (!value) return Fail("is not set: it must hold the API key");
      return CheckKey(*value);
    }
    case ApiKeySource::Kind::kInline:
      break;
  }
  return CheckKey(source.inline_key.reveal());
}

Result<Secret> ReadApiKey(const ApiKeySource& source, Log* log) {
  const std::string shown = DescribeKeySource(source);
  auto key = FindApiKey(source);
  if (!key) return Fail(fmt::format("{} {}", shown, key.error().message));
  if (log != nullptr && !key->warning.empty()) {
    log->Warn("API key file", {{"warning", fmt::format("{} {}", shown, key->warning)}});
  }
  return std::move(key->key);
}

Result<std::string> ReadCaFile(const std::string& path) {
  if (path.empty()) return {};
  auto file = ReadFile(path, kMaxCaFileBytes);
  if (!file) return std::unexpected(std::move(file.error()));
  if (PermissionFaults faults = CheckPermissions(file->status, false); !faults.error.empty()) {
    return Fail(std::move(faults.error));
  }
  if (std::string fault = FindCertificatesFault(file->text); !fault.empty()) {
    return Fail(std::move(fault));
  }
  return std::move(file->text);
}

std::expected<PollPlan, ConfigErrors> MakePollPlan(const Config& config, const Shard& shard,
                                                   const ReadKey& read_key,
                                                   const ReadVariable& read_variable,
                                                   const ReadCa& read_ca) {
  PollPlan plan{.walk = {.page_limit = config.poll.page_limit, .max_pages = config.poll.max_pages},
                .max_concurrent_requests = config.poll.max_concurrent_requests,
                .max_response_bytes = config.poll.max_response_size,
                .duration_bounds = config.duration_buckets,
                .long_call_thresholds = WholeSeconds(config.long_call_thresholds),
                .shard = shard};
  ConfigErrors errors;
  for (const AccountConfig& account : config.accounts) {
    auto key = read_key(account.api_key);
    auto proxy = ProxyOf(account, read_variable);
    auto authorities = AuthoritiesOf(account, read_ca);
    const auto note = [&](const auto& result) {
      if (result) return;
      errors.push_back(fmt::format("account {}: {}", account.name, result.error().message));
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

std::expected<LoadedPlan, ConfigErrors> LoadPlan(const ConfigSource& source, const Shard& shard,
                                                 Log& log) {
  auto sourced = LoadConfig(source);
  if (!sourced) return std::unexpected(std::move(sourced.error()));
  for (const ConfigMessage& warning : sourced->loaded.warnings) {
    log.Warn("configuration", {{"warning", FormatConfigMessage(source.file, warning)}});
  }
  auto config = std::make_shared<const Config>(std::move(sourced->loaded.config));
  for (const std::string& warning : FindConfigWarnings(*config, shard)) {
    log.Warn("configuration", {{"warning", fmt::format("{}: {}", sourced->origin, warning)}});
  }
  FileSet key_files = FilesOf(*config);
  auto plan = MakePollPlan(*config, shard, [&log](const ApiKeySource& key_source) {
    return ReadApiKey(key_source, &log);
  });
  if (!plan) {
    // The built-in configuration is in no file.
    if (sourced->built_in) return std::unexpected(std::move(plan.error()));
    for (std::string& error : plan.error()) error = fmt::format("{}: {}", source.file, error);
    return std::unexpected(std::move(plan.error()));
  }
  return LoadedPlan{.config = std::move(config),
                    .plan = std::move(*plan),
                    .key_files = std::move(key_files),
                    .origin = std::move(sourced->origin)};
}

}  // namespace telnyx_exporter
