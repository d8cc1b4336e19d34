#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "telnyx/failure.h"

namespace telnyx_exporter::simulation {

/// What happened in one or many simulations.
struct Statistics {
  Duration simulated{};
  std::uint64_t steps = 0;
  std::uint64_t requests = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t rows = 0;
  std::uint64_t polls = 0;
  std::uint64_t complete = 0;
  std::uint64_t unchanged = 0;  // complete while no call came or went
  std::uint64_t started = 0;    // legs
  std::uint64_t completed = 0;  // legs
  std::uint64_t held_back = 0;
  std::uint64_t skipped = 0;
  std::uint64_t retries = 0;
  std::uint64_t key_refusals = 0;
  std::uint64_t keys_accepted = 0;
  std::uint64_t limiter_waits = 0;
  std::uint64_t refreshes = 0;  // of lists, complete
  std::uint64_t failed_refreshes = 0;
  std::uint64_t interval_changes = 0;  // without a poll
  std::uint64_t idle_changes = 0;      // to the idle interval or back
  std::uint64_t budget_changes = 0;
  std::uint64_t short_budgets = 0;      // of these
  std::uint64_t expired_by_budget = 0;  // connections without a poll in time
  std::uint64_t expired_by_api = 0;
  std::uint64_t refreshes_restarted = 0;  // by a reload
  std::uint64_t too_many_connections = 0;
  std::uint64_t forgotten_refusals = 0;  // of connections, by another key
  std::uint64_t trials_hung = 0;         // others tried a refused key meanwhile
  std::uint64_t trials_removed = 0;      // by a reload, while they tried a refused key
  std::uint64_t removed_waiting = 0;     // connections, while their poll waited for its turn
  std::uint64_t refused_in_walk = 0;     // after a walk's first page
  std::uint64_t reloads = 0;
  std::uint64_t wall_jumps = 0;
  std::uint64_t suspensions = 0;
  std::uint64_t restarts = 0;
  std::uint64_t pages = 0;       // of metrics, read
  std::uint64_t recoveries = 0;  // checks that a connection's values are fresh
  std::uint64_t most_pages = 0;  // of one walk
  std::int64_t most_memory = 0;  // bytes of the exporter's own
  std::array<std::uint64_t, kFailureReasons.size()> failures{};

  Statistics& operator+=(const Statistics& other);
};

/// What is rare and must happen in enough worlds, but never did.
std::vector<std::string> NotReached(const Statistics& statistics);

/// Several lines for people.
std::string Describe(const Statistics& statistics);

}  // namespace telnyx_exporter::simulation
