#pragma once

// What must be true of each account and connection that the exporter polls at the moment. The
// checker keeps these up to date from what the network did and compares with what the exporter
// says.

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "calls/call_summary.h"
#include "polling/poll_observer.h"
#include "polling/poll_plan.h"
#include "simulation/budget_model.h"
#include "simulation/discovery_model.h"
#include "simulation/due_model.h"
#include "simulation/leg_model.h"
#include "simulation/poll_record.h"
#include "simulation/rate_oracle.h"
#include "simulation/sim_api.h"
#include "simulation/wait_meter.h"
#include "telnyx/failure.h"

namespace telnyx_exporter::simulation {

struct ConnectionModel {
  ConnectionKey key{};
  AccountKey account{};
  ConnectionPlace place;
  ConnectionPlan plan;
  DueModel due;
  Instant added{};
  std::uint64_t serial = 0;  // of the newest expected moment

  IntervalInForce in_force;
  int quiet_polls = 0;      // complete, in a row, without a call
  std::uint32_t pages = 1;  // of the newest complete poll, or more that one needed
  bool has_begun = false;
  bool replanned = false;  // by a plan with other intervals, whose effect is told next

  /// What it says for itself while no poll has begun since.
  enum class Pending : std::uint8_t { kNothing, kExpiry, kFirstPoll };
  Pending pending = Pending::kFirstPoll;
  Instant pending_since{};  // the complete poll's end, or the first poll's due time

  // A poll is said to begin, and it is not clear yet whether a request will follow.
  std::optional<Duration> said_to_begin;  // so much after its due time

  // Due, but not begun: since when it should have been.
  std::optional<Instant> waits_since_due;
  Instant ready_since{};            // since when only limits hold its next request back
  WaitMeter::Waited waited_before;  // by the account's meter, then
  std::optional<PollRecord> poll;
  std::optional<std::uint64_t> request;  // the one in flight
  std::uint32_t sent_to = 0;             // which of the account's endpoints its newest request
  std::uint32_t refusals = 0;            // polls in a row
  bool failed_by_key = false;            // the newest poll, asked or not
  // The newest answer that said something of the key refused it, then.
  std::optional<Instant> key_refused_at;
  bool refused_alone = false;  // while others were not

  // What the metrics must show.
  struct Complete {
    CallSummary summary;
    std::vector<double> bounds;
    std::vector<std::uint32_t> long_call_thresholds;
    std::optional<std::uint64_t> reported;
    std::uint32_t pages = 0;
    Instant ended;
    WallTime ended_wall;
    bool expired = false;  // for good, whatever times come into force
  };
  std::optional<Complete> complete;  // the newest complete poll
  /// Of legs, by each complete poll of the last two hours; windows are an hour at most.
  std::deque<std::pair<Instant, std::uint64_t>> counts;
  Instant peak_window_since{};  // when the plan's window was changed
  LegModel legs;

  bool idle() const { return quiet_polls >= kQuietPolls; }
  /// Before other times come into force.
  void KeepExpired(Instant now) {
    if (complete && now >= complete->ended + in_force.stale_after) complete->expired = true;
  }
  /// When it must have failed unless a poll begins.
  Instant Expiry() const {
    if (pending == Pending::kNothing) return Instant::max();
    if (pending == Pending::kExpiry) return pending_since + in_force.stale_after;
    // The budget delays a first report by 5 minutes at most.
    const Duration wanted = idle() && plan.idle_interval ? *plan.idle_interval : plan.interval;
    return pending_since +
           std::min<Duration>(
               3 * in_force.interval,
               std::max<Duration>(3 * std::max(wanted, plan.interval), std::chrono::minutes(5)));
  }

  std::uint64_t polls = 0;
  std::uint64_t failures = 0;
  std::uint64_t mismatches = 0;
  std::optional<Duration> last_poll;
  std::optional<FailureReason> failure;  // of the newest poll
};

struct AccountModel {
  AccountKey key{};
  std::string name;
  std::uint32_t index = 0;  // of the simulated account
  RateOracle rate;
  std::vector<ConnectionKey> connections;
  std::vector<ConnectionKey> ready;  // those that only limits hold back
  std::uint32_t requests_in_flight = 0;
  Instant last_event{};  // the newest request or answer

  // Its lists.
  bool discovers = false;
  DiscoveryModel discovery;
  std::optional<RefreshRecord> refresh;
  std::optional<std::uint64_t> refresh_request;  // the one in flight
  std::uint32_t failed_refreshes = 0;            // in a row
  std::optional<Instant> refreshed_at;           // the newest one's end
  std::uint32_t refresh_pages = 1;               // of the newest complete one
  Instant refresh_earliest = Instant::max();     // when the next one may begin
  Instant refresh_latest = Instant::max();       // when only limits hold it back
  std::optional<Instant> refresh_ready_since;
  WaitMeter::Waited refresh_waited_before;  // by the meter, then

  WaitMeter waits;
  std::optional<Duration> told_wait;  // of the request that is sent next

  bool lists_went_last = false;            // of its requests
  std::uint32_t endpoints = 0;             // how many others there were before the present one
  std::optional<Instant> key_accepted_at;  // by the newest answer that says so
  // While its key is refused.
  std::uint32_t key_refusals = 0;
  Instant key_refused_at{};
  Instant key_held_until{};

  // As reported.
  std::optional<RequestBudget> budget;

  // What the metrics must show.
  std::map<int, std::uint64_t> requests;  // by status; 0: no answer
  std::array<std::uint64_t, kFailureReasons.size()> failures{};
  std::uint64_t skipped = 0;
  std::uint64_t retries = 0;
  std::uint64_t body_bytes = 0;
  double limiter_wait = 0;
  std::optional<double> rate_limit_remaining;
  std::optional<double> rate_limit_limit;
  std::uint64_t discovery_failures = 0;
  std::optional<WallTime> discovered_at;
  std::size_t discovered = 0;  // connections that are polled
  std::size_t limited_profiles = 0;
};

}  // namespace telnyx_exporter::simulation
