#pragma once

// What the poller keeps of each account and connection. Only poller.cpp and poller_plan.cpp see it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "calls/call_tracker.h"
#include "polling/poll.h"
#include "polling/poll_grid.h"
#include "polling/poller.h"
#include "polling/send_queue.h"

namespace telnyx_exporter {

struct Poller::ActivePoll {
  Poll poll;
  std::uint64_t serial;
  std::optional<RequestId> request;  // the one in flight
};

struct Poller::Connection {
  ConnectionKey key;
  AccountKey account;
  ConnectionPlan plan;
  PollGrid grid;
  std::uint64_t due_serial = 0;  // of the timer that counts
  Instant next_due{};
  bool waits_to_begin = false;
  Instant due{};  // of the poll that waits to begin
  std::optional<ActivePoll> active;
  std::uint32_t refusals = 0;  // polls in a row
  CallTracker tracker;         // unused when connections are polled once only
};

struct Poller::Account {
  AccountKey key;
  std::string name;
  std::shared_ptr<const Endpoint> endpoint;
  SendQueue queue;
  std::uint32_t requests_in_flight = 0;

  // While the API refuses the key, one connection at a time tries it again and the others' polls
  // fail at once.
  std::uint32_t key_refusals = 0;  // in a row
  PollFailure key_failure;
  Instant key_refused_at{};
  Instant key_held_until{};
  std::optional<ConnectionKey> key_probe;
};

}  // namespace telnyx_exporter
