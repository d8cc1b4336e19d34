#pragma once

// What the configuration file says, as plain structs with the documented defaults. Loaded by
// load_config.h, never changed afterwards; app/ turns it into what the other rooms want.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

namespace telnyx_exporter {

struct PollConfig {
  Duration interval = std::chrono::seconds(15);
  Duration timeout = std::chrono::seconds(10);
  Duration stale_after = std::chrono::seconds(45);
  Duration peak_window = std::chrono::minutes(1);
  std::uint32_t page_limit = 250;
  std::uint32_t max_pages = 4000;
  std::uint32_t max_concurrent_requests = 32;
  std::uint64_t max_response_size = 4ULL << 20U;  // bytes

  bool operator==(const PollConfig&) const = default;
};

/// Where an account's API key comes from: exactly one of the three.
struct ApiKeySource {
  enum class Kind { kFile, kEnvironment, kInline };
  Kind kind = Kind::kEnvironment;
  std::string name = "TELNYX_API_KEY";  // the file's path or the variable's name; empty for inline
  Secret inline_key;

  bool operator==(const ApiKeySource&) const = default;
};

struct RateLimitConfig {
  double requests_per_second = 10;
  std::uint32_t burst = 20;

  bool operator==(const RateLimitConfig&) const = default;
};

struct TlsConfig {
  std::string ca_file;      // empty: the system's
  std::string server_name;  // empty: the host of base_url
  bool insecure_skip_verify = false;

  bool operator==(const TlsConfig&) const = default;
};

/// A static label's name and value.
using Label = std::pair<std::string, std::string>;

struct ConnectionConfig {
  std::string id;
  std::string name;           // empty: the id
  std::vector<Label> labels;  // sorted by name
  std::optional<Duration> interval;
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
  std::vector<ConnectionConfig> connections;
  DiscoveryConfig discovery;

  bool operator==(const AccountConfig&) const = default;
};

struct Config {
  PollConfig poll;
  std::vector<double> duration_buckets = {5,   15,   30,   60,   120,  300,
                                          600, 1800, 3600, 7200, 14400};  // seconds, ascending
  std::vector<AccountConfig> accounts;

  bool operator==(const Config&) const = default;
};

}  // namespace telnyx_exporter
