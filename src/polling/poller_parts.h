#pragma once

// What the poller keeps of each account and connection. Only its own sources see it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "calls/call_tracker.h"
#include "polling/discovery.h"
#include "polling/list_refresh.h"
#include "polling/poll.h"
#include "polling/poll_grid.h"
#include "polling/poller.h"
#include "polling/send_queue.h"

namespace telnyx_exporter {

/// A timer that counts; one set for another serial means nothing any more.
struct Poller::DueTime {
  std::uint64_t serial = 0;
  Instant when{};
};

/// What a sequence of requests has under way.
struct Poller::InFlight {
  std::uint64_t serial = 0;  // of the sequence
  std::optional<RequestId> request;
  std::shared_ptr<const Endpoint> endpoint;  // of the newest request
};

struct Poller::Connection {
  ConnectionKey key;
  AccountKey account;
  ConnectionPlan plan;
  PollGrid grid;
  DueTime next;
  bool waits_to_begin = false;
  Instant due{};  // of the poll that waits to begin
  std::unique_ptr<Poll> poll;
  InFlight in_flight;
  std::uint32_t refusals = 0;  // polls in a row
  CallTracker tracker;         // unused when connections are polled once only
};

struct Poller::Account {
  AccountKey key;
  AccountPlan plan;
  SendQueue queue;
  std::mt19937_64 random;  // its own, so that nothing in another account changes its times
  std::uint32_t requests_in_flight = 0;

  DiscoveredConnections discovered;
  DueTime next_refresh;
  std::unique_ptr<ListRefresh> refresh;
  InFlight in_flight;                  // of the refresh
  std::uint32_t failed_refreshes = 0;  // in a row

  // While the API refuses the key, one connection at a time tries it again and the others' polls
  // fail at once.
  std::uint32_t key_refusals = 0;  // in a row
  PollFailure key_failure;
  Instant key_refused_at{};
  Instant key_held_until{};
  std::optional<ConnectionKey> key_probe;
};

}  // namespace telnyx_exporter
