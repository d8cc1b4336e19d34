#pragma once

// What the configuration file says, as plain structs with the documented defaults. config_keys.h
// says what each key means, load_config.h reads the file; afterwards nothing changes a Config. app/
// turns it into what the other libraries want.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "config/api_key_source.h"
#include "config/config_message.h"

namespace telnyx_exporter {

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

}  // namespace telnyx_exporter
