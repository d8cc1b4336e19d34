#pragma once

// What the poller is to do: which connections of which accounts, how often and within which limits.
// app/ makes it from the configuration; the poller never sees the configuration itself.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/transport.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {

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
  Duration timeout;      // of one poll: all pages, waits and retries
  Duration stale_after;  // how long complete values are kept
  Duration peak_window;  // over which the peak of active calls is kept
  std::optional<std::uint32_t> channel_limit;

  bool operator==(const ConnectionPlan&) const = default;
};

/// An account is known by its name, its connections by their ids.
struct AccountPlan {
  std::string name;
  std::shared_ptr<const Endpoint> endpoint;
  RateLimit rate_limit;
  std::vector<ConnectionPlan> connections;
};

struct PollPlan {
  PageWalkLimits walk;
  std::uint32_t max_concurrent_requests = 32;
  std::size_t max_response_bytes = 4U << 20U;
  std::vector<double> duration_bounds;  // seconds, ascending
  std::vector<AccountPlan> accounts;
};

}  // namespace telnyx_exporter
