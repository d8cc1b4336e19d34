#pragma once

// A simulated day of one connection, polled by the real polling loop over the simulated API: pages
// as bytes, cursors, latency. It notes which calls were on the pages, and what the model knows of
// them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "polling/poller.h"
#include "simulator/api.h"
#include "simulator/call_world.h"
#include "state/state_store.h"
#include "support/fake_transport.h"
#include "support/manual_clock.h"

namespace telnyx_exporter {

class SimulatedDay {
 public:
  SimulatedDay(std::vector<simulator::TrafficSettings> kinds, Duration interval,
               std::optional<Duration> idle_interval = std::nullopt);

  /// Lets so much time pass.
  void Run(Duration time);

  /// What the exporter counts.
  struct Counted {
    std::uint64_t started = 0;
    double started_estimated = 0;  // those included that no poll saw
    std::uint64_t ended = 0;
    double ended_seconds = 0;  // all of them together
    std::uint64_t active = 0;
    std::uint64_t failures = 0;
  };
  Counted counted() const;

  /// A call that a page showed.
  struct Seen {
    simulator::SimTime begins = 0;
    simulator::SimTime ends = 0;
    std::uint64_t first_poll = 0;  // from 1
    std::uint64_t last_poll = 0;
  };
  /// By id; also calls that were there when no page showed them, with 0 as their polls.
  const std::unordered_map<std::string, Seen>& calls() const { return calls_; }

  /// Legs that have begun and ended since the simulation began, whether a page showed them or not.
  struct Truth {
    std::uint64_t started = 0;
    std::uint64_t ended = 0;
  };
  /// When each poll asked for its first page.
  const std::vector<Truth>& polls() const { return polls_; }

 private:
  std::shared_ptr<const simulator::CallView> View();
  void AnswerRequest();
  void NoteCalls();
  void NoteSeen(std::string_view body);

  ManualClock clock_;
  simulator::SimClock sim_clock_{clock_, 1};
  simulator::CallWorld world_;
  simulator::Api api_;
  FakeTransport transport_;
  StateStore store_{clock_};
  Poller poller_;
  std::unordered_map<std::string, Seen> calls_;
  std::uint64_t last_number_ = 0;  // of the legs that are in calls_
  std::vector<Truth> polls_;
};

}  // namespace telnyx_exporter
