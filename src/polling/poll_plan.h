#pragma once

// What the poller is to do: which connections of which accounts, how often and within which limits.
// app/ makes it from the configuration; the poller never sees the configuration itself.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "http/transport.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {

/// The same number for the same account and connection in every process and on every machine. Other
/// values would move every connection in its interval, or to another shard, at an upgrade.
std::uint64_t StableHash(std::string_view account, std::string_view connection_id);

/// One of several exporters that share the connections of the same configuration among themselves.
struct Shard {
  std::uint32_t index = 0;  // from 0
  std::uint32_t total = 1;

  /// Whether this is the one shard of all that polls the connection. By rendezvous hashing: the
  /// shards need not know of each other, and one more takes about its share from all others while
  /// everything else stays where it is.
  bool Owns(std::string_view account, std::string_view connection_id) const;

  bool operator==(const Shard&) const = default;
};

struct RateLimit {
  double requests_per_second = 10;
  std::uint32_t burst = 20;

  bool operator==(const RateLimit&) const = default;
};

struct ConnectionPlan {
  std::string id;
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  // static ones, sorted by name
  std::string record_type;                                  // empty: not known
  Duration interval;
  Duration timeout;                            // of one poll: all pages, waits and retries
  std::optional<Duration> idle_interval;       // between polls of a connection without calls
  std::optional<Duration> stale_after;         // as given; absent: three intervals in force
  Duration peak_window;                        // over which the peak of active calls is kept
  std::optional<std::uint32_t> channel_limit;  // as configured
  bool discovered = false;                     // not named in the configuration
  // What the API's lists say, where discovery reads them.
  std::optional<std::uint64_t> inbound_channel_limit;
  std::optional<std::uint64_t> outbound_channel_limit;
  std::string voice_profile_id;
  std::string voice_profile_name;

  bool operator==(const ConnectionPlan&) const = default;
};

/// An empty list or pattern says nothing.
struct DiscoveryFilterPlan {
  std::optional<NamePattern> name;
  std::vector<std::string> record_types;
  std::vector<std::string> tags;

  bool operator==(const DiscoveryFilterPlan&) const = default;
};

/// How the account's connections are found.
struct DiscoveryPlan {
  Duration refresh_interval;
  DiscoveryFilterPlan include;             // all of its parts must match, of a part's list any one
  DiscoveryFilterPlan exclude;             // none of it may match
  bool channel_limits = false;             // read these too
  std::uint64_t max_connections = 10'000;  // that pass the filters, of all shards together
  ConnectionPlan connection;               // what every discovered connection has in common
};

/// An account is known by its name, its connections by their ids.
struct AccountPlan {
  std::string name;
  std::shared_ptr<const Endpoint> endpoint;
  RateLimit rate_limit;
  std::vector<ConnectionPlan> connections;  // that the configuration names
  std::optional<DiscoveryPlan> discovery;
};

struct PollPlan {
  PageWalkLimits walk;
  std::uint32_t max_concurrent_requests = 32;
  std::size_t max_response_bytes = 4U << 20U;
  std::vector<double> duration_bounds;              // seconds, ascending
  std::vector<std::uint32_t> long_call_thresholds;  // seconds, ascending
  std::vector<AccountPlan> accounts;
  Shard shard;
  bool first_polls_at_once = false;  // not spread over their intervals
  /// Each connection is polled once, so its calls are not compared with a later poll.
  bool single_round = false;
};

}  // namespace telnyx_exporter
