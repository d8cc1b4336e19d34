#pragma once

// The configuration: what its file says, as plain structs with the documented defaults, and the
// reading of that file. Loaded at the start, by --config.check and by reloads, on the main thread;
// app/ turns it into what the other libraries want. The structs are values for any thread.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "config/config_message.h"

namespace telnyx_exporter {

/// Exactly one of the three keys api_key_file, api_key_env and api_key.
struct ApiKeySource {
  enum class Kind : std::uint8_t { kFile, kEnvironment, kInline };
  Kind kind = Kind::kEnvironment;
  /// The file's path or the variable's name; empty for inline. Somebody may have pasted the key
  /// itself there: show shown_name or DescribeKeySource(), never this.
  std::string name = "TELNYX_API_KEY";
  Secret inline_key;
  /// The path with at least one slash as it is written, or the default variable; else empty.
  std::string shown_name = "TELNYX_API_KEY";
  ConfigPlace place;

  bool operator==(const ApiKeySource&) const = default;
};

/// Sets the name of a file or variable as it is written, and what of it may be shown.
void SetKeyName(ApiKeySource& source, std::string_view written);

/// How messages name the source: "api_key_file /run/key", "the environment variable
/// TELNYX_API_KEY", "api_key (line 3, column 14)". Where the name may be the key: "api_key_file
/// (line 3, column 19)".
std::string DescribeKeySource(const ApiKeySource& source);

/// What is wrong with a text as an API key, and what would be right; empty: nothing. Blanks and
/// line ends around it do not matter. It quotes nothing of the text.
std::string FindApiKeyFault(std::string_view text);

/// The longest interval that may be configured, between polls or between list refreshes.
inline constexpr Duration kLongestPollInterval = std::chrono::hours(24);
/// The highest rate_limit.requests_per_second.
inline constexpr double kHighestRequestRate = 1000;

struct PollConfig {
  Duration interval = std::chrono::seconds(15);
  Duration timeout = std::chrono::seconds(10);
  std::optional<Duration> stale_after;    // nothing: three intervals in force
  std::optional<Duration> idle_interval;  // nothing: idle connections are polled like others
  Duration peak_window = std::chrono::minutes(1);
  std::uint32_t page_limit = 250;
  std::uint32_t max_pages = 4000;
  std::uint32_t max_concurrent_requests = 32;
  std::uint64_t max_response_size = 4ULL << 20U;  // bytes

  bool operator==(const PollConfig&) const = default;
};

struct RateLimitConfig {
  double requests_per_second = 10;
  std::uint32_t burst = 20;

  bool operator==(const RateLimitConfig&) const = default;
};

struct TlsConfig {
  std::string ca_file;      // PEM; empty: the system's
  std::string server_name;  // empty: the host of base_url
  bool insecure_skip_verify = false;
  ConfigPlace ca_file_place;

  bool operator==(const TlsConfig&) const = default;
};

/// A static label's name and value.
using Label = std::pair<std::string, std::string>;

struct ConnectionConfig {
  std::string id;
  std::string name;                       // empty: the id
  std::vector<Label> labels;              // sorted by name
  std::optional<Duration> interval;       // nothing: poll.interval
  std::optional<Duration> idle_interval;  // nothing: poll.idle_interval
  std::optional<std::uint32_t> channel_limit;

  bool operator==(const ConnectionConfig&) const = default;
};

struct DiscoveryFilter {
  std::string name;                      // anchored regular expression; empty: any
  std::vector<std::string> record_type;  // empty: any
  std::vector<std::string> tag;          // empty: any

  bool operator==(const DiscoveryFilter&) const = default;
};

struct DiscoveryConfig {
  bool enabled = false;
  Duration refresh_interval = std::chrono::minutes(5);
  std::uint32_t max_connections = 10'000;  // that pass the filters, of all shards together
  DiscoveryFilter include;
  DiscoveryFilter exclude;
  bool channel_limits = false;

  bool operator==(const DiscoveryConfig&) const = default;
};

struct AccountConfig {
  std::string name = "default";
  ApiKeySource api_key;
  std::string base_url = "https://api.telnyx.com/v2";  // without a slash at the end
  RateLimitConfig rate_limit;
  TlsConfig tls;
  Secret proxy_url;
  bool proxy_from_environment = false;
  std::vector<ConnectionConfig> connections;
  DiscoveryConfig discovery;

  bool operator==(const AccountConfig&) const = default;
};

struct Config {
  PollConfig poll;
  std::vector<double> duration_buckets = {5,   15,   30,   60,   120,  300,
                                          600, 1800, 3600, 7200, 14400};  // seconds, ascending
  std::vector<Duration> long_call_thresholds = {std::chrono::minutes(5), std::chrono::minutes(30),
                                                std::chrono::hours(4)};  // whole seconds, ascending
  std::vector<AccountConfig> accounts;

  bool operator==(const Config&) const = default;
};

/// How loading the configuration went, for people to look at.
struct ConfigLoadState {
  std::string file;
  WallTime loaded{};                // what is in force
  std::optional<WallTime> refused;  // the newest attempt, when it failed
  std::vector<std::string> errors;  // of it, a line each; never a secret
  /// Why a changed key or CA file was refused, a line each; what was read before stays in use.
  std::vector<std::string> key_errors;
  /// Why the web configuration was refused, a line each; the one before stays in force.
  std::vector<std::string> web_errors;
};

struct LoadedConfig {
  Config config;
  std::vector<ConfigMessage> warnings;
};

/// Reads YAML text; relative paths in it start at the directory of `file`. Fails with the errors of
/// the file in its order, at most 50 and how many more there are. Opens no file.
std::expected<LoadedConfig, std::vector<ConfigMessage>> ParseConfig(std::string_view yaml,
                                                                    std::string_view file = {});

/// The same for a file; one that cannot be read is an error of the whole file.
std::expected<LoadedConfig, std::vector<ConfigMessage>> LoadConfigFile(const std::string& path);

}  // namespace telnyx_exporter
