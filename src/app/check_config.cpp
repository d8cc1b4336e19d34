#include "app/check_config.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "app/load_plan.h"
#include "base/file.h"
#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxCaFileBytes = std::size_t{16} << 20U;
constexpr double kHighestRate = 1000;  // that rate_limit.requests_per_second may have
// Sums of fractions are not exact.
constexpr double kTolerance = 1e-9;

void CheckKeySource(const ApiKeySource& source, ConfigFindings& findings) {
  const auto key = FindApiKey(source);
  const std::string text = !key ? key.error().message : key->warning;
  if (text.empty()) return;
  // The default variable stands nowhere in the file.
  ConfigMessage message =
      MessageAt(source.place,
                source.shown_name.empty() ? text : fmt::format("{} {}", source.shown_name, text));
  if (source.place.line == 0) message.text = fmt::format("{} {}", DescribeKeySource(source), text);
  const bool is_error = !key && source.kind != ApiKeySource::Kind::kEnvironment;
  (is_error ? findings.errors : findings.warnings).push_back(std::move(message));
}

std::string FindCaFileFault(const std::string& path) {
  const auto file = ReadFile(path, kMaxCaFileBytes);
  if (!file) return file.error().message;
  if (PermissionFaults faults = CheckPermissions(file->status, false); !faults.error.empty()) {
    return std::move(faults.error);
  }
  if (file->text.contains("-----BEGIN ")) return {};
  return "contains no PEM certificate: it must begin with -----BEGIN CERTIFICATE-----";
}

// Requests per second with one page a poll, of the connections that the shard polls.
struct Need {
  std::size_t connections = 0;
  double requests_per_second = 0;
  std::optional<Duration> only_interval;  // where all have the same
  bool mixed = false;
};

Duration IntervalOf(const ConnectionConfig& connection, const PollConfig& poll) {
  return connection.interval.value_or(poll.interval);
}

Need NeedOf(const AccountConfig& account, const PollConfig& poll, const Shard& shard) {
  Need need;
  for (const ConnectionConfig& connection : account.connections) {
    if (!shard.Owns(account.name, connection.id)) continue;
    const Duration interval = IntervalOf(connection, poll);
    ++need.connections;
    need.requests_per_second += 1 / ToSeconds(interval);
    if (!need.only_interval) need.only_interval = interval;
    need.mixed = need.mixed || need.only_interval != interval;
  }
  if (need.mixed) need.only_interval.reset();
  if (account.discovery.enabled) {
    need.requests_per_second += 1 / ToSeconds(account.discovery.refresh_interval);
  }
  return need;
}

// At most two decimals, rounded in the given direction.
std::string FormatRate(double rate, double (*round)(double)) {
  std::string text = fmt::format("{:.2f}", round(rate * 100) / 100);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// The shortest interval in whole seconds that needs no more than the rate.
Duration IntervalFor(const Need& need, double allowed) {
  const double factor = need.requests_per_second / allowed;
  return std::chrono::seconds(
      std::llround(std::ceil(ToSeconds(*need.only_interval) * factor - kTolerance)));
}

std::string RemedyFor(const Need& need, double allowed, std::uint32_t shards) {
  const double rate = std::ceil(need.requests_per_second * shards - kTolerance);
  const std::string longer =
      need.only_interval
          ? fmt::format("the interval to {}", FormatDuration(IntervalFor(need, allowed)))
          : fmt::format("the intervals by a factor of {}",
                        FormatRate(need.requests_per_second / allowed, std::ceil));
  if (rate > kHighestRate) return "raise " + longer;
  return fmt::format("raise rate_limit.requests_per_second to {} or {}", rate, longer);
}

std::optional<std::string> BudgetWarning(const AccountConfig& account, const PollConfig& poll,
                                         const Shard& shard) {
  const Need need = NeedOf(account, poll, shard);
  const double allowed = account.rate_limit.requests_per_second / shard.total;
  if (need.connections == 0 || need.requests_per_second <= allowed * (1 + kTolerance)) {
    return std::nullopt;
  }
  const std::string every =
      need.only_interval ? " every " + FormatDuration(*need.only_interval) : "";
  const bool one = need.connections == 1;
  return fmt::format("account {}: {} connection{}{}{} need{} {} requests/s; {} allows {}: {}",
                     account.name, need.connections, one ? "" : "s",
                     shard.total > 1 ? " of this shard" : "", every, one ? "s" : "",
                     FormatRate(need.requests_per_second, std::ceil),
                     shard.total > 1 ? "this shard's part of rate_limit" : "rate_limit",
                     FormatRate(allowed, std::floor), RemedyFor(need, allowed, shard.total));
}

}  // namespace

ConfigFindings CheckConfigFiles(const Config& config) {
  ConfigFindings findings;
  for (const AccountConfig& account : config.accounts) {
    CheckKeySource(account.api_key, findings);
    if (account.tls.ca_file.empty()) continue;
    const std::string fault = FindCaFileFault(account.tls.ca_file);
    if (fault.empty()) continue;
    findings.errors.push_back(
        MessageAt(account.tls.ca_file_place, fmt::format("{} {}", account.tls.ca_file, fault)));
  }
  SortAndBound(findings.errors);
  SortAndBound(findings.warnings);
  return findings;
}

std::vector<std::string> FindBudgetWarnings(const Config& config, const Shard& shard) {
  std::vector<std::string> warnings;
  for (const AccountConfig& account : config.accounts) {
    if (auto warning = BudgetWarning(account, config.poll, shard)) {
      warnings.push_back(std::move(*warning));
    }
  }
  return warnings;
}

std::vector<std::string> FindConfigWarnings(const Config& config, const Shard& shard,
                                            const ReadVariable& read_variable) {
  std::vector<std::string> warnings = FindBudgetWarnings(config, shard);
  if (!HasHttpsProxy(read_variable)) return warnings;
  for (const AccountConfig& account : config.accounts) {
    if (account.proxy_from_environment || !account.proxy_url.empty()) continue;
    warnings.push_back(
        fmt::format("account {}: HTTPS_PROXY is set but not used: set proxy_from_environment: true "
                    "or proxy_url",
                    account.name));
  }
  return warnings;
}

}  // namespace telnyx_exporter
