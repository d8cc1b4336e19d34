#include "app/check_config.h"

#include <algorithm>
#include <array>
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

constexpr double kMostLengthening = 86400;  // from the shortest interval to the longest
// Sums of fractions are not exact.
constexpr double kTolerance = 1e-9;

// As the subject of a message that begins with the source's place in the file.
std::string SubjectOf(const ApiKeySource& source) {
  if (!source.shown_name.empty()) return source.shown_name;
  constexpr std::array kSubjects = {"the file that it names",
                                    "the environment variable that it names", "it"};
  return kSubjects[static_cast<std::size_t>(source.kind)];
}

void CheckKeySource(const ApiKeySource& source, ConfigFindings& findings) {
  const auto key = FindApiKey(source);
  const std::string text = !key ? key.error().message : key->warning;
  if (text.empty()) return;
  // The default variable is not in the file.
  ConfigMessage message =
      source.place.line == 0
          ? ConfigMessage{.text = fmt::format("{} {}", DescribeKeySource(source), text)}
          : MessageAt(source.place, fmt::format("{} {}", SubjectOf(source), text));
  // Who checks may not have the variable that the exporter will have.
  const bool is_unset =
      source.kind == ApiKeySource::Kind::kEnvironment && !ReadProcessVariable(source.name);
  const bool is_error = !key && !is_unset;
  (is_error ? findings.errors : findings.warnings).push_back(std::move(message));
}

// Requests per second with one page a poll, of the connections that the shard polls.
struct Need {
  std::size_t connections = 0;
  double requests_per_second = 0;
  std::optional<Duration> only_interval;  // where all have the same
  bool mixed = false;
  bool has_idle_interval = false;
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
    need.has_idle_interval =
        need.has_idle_interval || IdleIntervalOf(connection, poll, interval).has_value();
  }
  if (need.mixed) need.only_interval.reset();
  if (account.discovery.enabled) {
    need.requests_per_second += 1 / ToSeconds(account.discovery.refresh_interval);
  }
  return need;
}

// At most two decimals, rounded in the given direction; of less than a hundredth two digits.
std::string FormatRate(double rate, double (*round)(double)) {
  if (rate > 0 && rate < 0.01) return fmt::format("{:.2g}", rate);
  const double nearest = std::round(rate * 100);
  const bool is_exact = std::abs(rate * 100 - nearest) < 100 * kTolerance * std::max(1.0, rate);
  std::string text = fmt::format("{:.2f}", (is_exact ? nearest : round(rate * 100)) / 100);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// How the intervals would have to become longer so that the rate is enough; empty where they may
// not be so long.
std::string LongerIntervals(const Need& need, const PollConfig& poll, double allowed) {
  const double factor = need.requests_per_second / allowed;
  if (factor > kMostLengthening) return {};
  if (!need.only_interval) {
    return fmt::format("the intervals by a factor of {}", FormatRate(factor, std::ceil));
  }
  // In whole seconds.
  const double seconds = std::ceil(ToSeconds(*need.only_interval) * factor - kTolerance);
  const auto interval = std::chrono::seconds(std::llround(seconds));
  if (interval > kLongestPollInterval) return {};
  std::string text = fmt::format("the interval to {}", FormatDuration(Duration(interval)));
  if (poll.idle_interval && *poll.idle_interval < interval) text += ", poll.idle_interval with it";
  return text;
}

std::string RemedyFor(const Need& need, const PollConfig& poll, double allowed,
                      std::uint32_t shards) {
  const double rate = std::ceil(need.requests_per_second * shards - kTolerance);
  const std::string higher =
      rate > kHighestRequestRate ? "" : fmt::format("rate_limit.requests_per_second to {}", rate);
  const std::string longer = LongerIntervals(need, poll, allowed);
  if (higher.empty() && longer.empty()) return "poll fewer connections";
  return fmt::format("raise {}{}{}", higher, higher.empty() || longer.empty() ? "" : " or ",
                     longer);
}

// "300 connections every 15s need"
std::string DescribeNeed(const Need& need, const Shard& shard) {
  if (need.connections == 0) return "reading its lists needs";
  const bool one = need.connections == 1;
  return fmt::format("{} connection{}{}{}{} need{}", need.connections, one ? "" : "s",
                     shard.total > 1 ? " of this shard" : "",
                     need.only_interval ? " every " + FormatDuration(*need.only_interval) : "",
                     need.has_idle_interval ? ", unless idle," : "", one ? "s" : "");
}

std::optional<std::string> BudgetWarning(const AccountConfig& account, const PollConfig& poll,
                                         const Shard& shard) {
  const Need need = NeedOf(account, poll, shard);
  const double allowed = account.rate_limit.requests_per_second / shard.total;
  if (need.requests_per_second <= allowed * (1 + kTolerance)) return std::nullopt;
  std::string warning =
      fmt::format("account {}: {} {} requests/s; {} allows {}: {}", account.name,
                  DescribeNeed(need, shard), FormatRate(need.requests_per_second, std::ceil),
                  shard.total > 1 ? "this shard's part of rate_limit" : "rate_limit",
                  FormatRate(allowed, std::floor), RemedyFor(need, poll, allowed, shard.total));
  const bool outlives = need.only_interval && poll.stale_after &&
                        ToSeconds(*need.only_interval) * need.requests_per_second >
                            ToSeconds(*poll.stale_after) * allowed;
  if (outlives) {
    warning +=
        fmt::format("; values are shown for poll.stale_after, {}, so some are always missing",
                    FormatDuration(*poll.stale_after));
  }
  return warning;
}

}  // namespace

ConfigFindings CheckConfigFiles(const Config& config, const ReadVariable& read_variable) {
  ConfigFindings findings;
  for (const AccountConfig& account : config.accounts) {
    CheckKeySource(account.api_key, findings);
    if (const auto text = ReadCaFile(account.tls.ca_file); !text) {
      findings.errors.push_back(
          MessageAt(account.tls.ca_file_place,
                    fmt::format("{} {}", account.tls.ca_file, text.error().message)));
    }
    if (!account.proxy_from_environment) continue;
    if (const auto proxy = ProxyFromEnvironment(account.base_url, read_variable); !proxy) {
      findings.errors.push_back(
          {.text = fmt::format("account {}: {}", account.name, proxy.error().message)});
    }
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
  for (const AccountConfig& account : config.accounts) {
    if (account.proxy_from_environment || !account.proxy_url.empty()) continue;
    if (!account.base_url.starts_with("https:")) continue;
    const auto proxy = ProxyFromEnvironment(account.base_url, read_variable);
    if (proxy && proxy->empty()) continue;
    warnings.push_back(
        fmt::format("account {}: HTTPS_PROXY is set but not used: set proxy_from_environment: true "
                    "or proxy_url",
                    account.name));
  }
  return warnings;
}

}  // namespace telnyx_exporter
