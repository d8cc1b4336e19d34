#pragma once

// A network on a queue of events. A request reaches the API after some time, its answer comes back
// after some more, and either can be lost; all of it follows from the seed. The simulated time goes
// on only in here: in Run, and where the machine is suspended in the middle of a step.

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "http/transport.h"
#include "simulation/checker.h"
#include "simulation/event_queue.h"
#include "simulation/faults.h"
#include "simulation/sim_api.h"
#include "simulation/sim_clock.h"

namespace telnyx_exporter::simulation {

struct NetworkSettings {
  std::uint64_t seed = 0;
  Duration least_latency = std::chrono::milliseconds(2);
  Duration most_latency = std::chrono::milliseconds(200);  // in fair weather
  Duration most_overshoot{};  // how much later than asked Run may return
};

class SimTransport final : public Transport {
 public:
  using WeatherOf = std::function<const Weather&(std::uint32_t account)>;
  /// Whatever happens at a time of its own: it is given that time, which can have passed while the
  /// machine was suspended.
  using Happening = std::function<void(Instant at)>;

  /// Everything passed by reference must outlive the transport.
  SimTransport(const NetworkSettings& settings, SimClock& clock, SimApi& api, Checker& checker,
               WeatherOf weather_of);

  RequestId Send(Request request, ExchangeCallback done) override;
  void Cancel(RequestId id) override;
  void Run(Duration at_most) override;
  void Wake() override { woken_ = true; }

  void Schedule(Instant when, Happening happening);
  /// The machine stands still from now on for that long; everything under way waits.
  void Suspend(Duration length);
  /// The same in the middle of the exporter's next step that sends something.
  void SuspendInNextSend(Duration length) { suspend_in_send_ = length; }
  /// The simulation is over before its time: nothing is checked any more.
  void Abandon() { abandoned_ = true; }

  std::size_t requests_in_flight() const { return in_flight_; }
  std::uint64_t steps() const { return steps_; }

 private:
  struct Slot {
    RequestId id = 0;   // 0: free
    bool over = false;  // cancelled: the answer is ignored
    bool served = false;
    ExchangeCallback done;
    Instant sent{};
    Instant deadline{};
    std::size_t max_body_bytes = 0;
    Checker::Destination destination;
    Fault fault;
    std::optional<TransportError::Kind> error;
    Answer answer;
  };

  struct Event {
    enum class Kind : std::uint8_t { kServe, kEnd, kHappening } kind;
    std::uint32_t index;  // of the slot or the happening
    RequestId id;
  };

  std::uint32_t TakeSlot();
  void Plan(Slot& slot, std::uint32_t index, Duration connect_timeout, Duration timeout);
  void Free(Slot& slot);
  /// True when a request ended.
  bool Handle(const Event& event, Instant when);
  void Serve(Slot& slot, Instant when);
  void End(Slot& slot, Instant when);
  void Deliver(Slot& slot);
  void Fail(Slot& slot, TransportError::Kind kind);
  void Finish(Slot& slot, const Outcome& outcome, Exchange exchange);
  void HappenAt(std::uint32_t index, Instant when);
  void ReturnAt(Instant end);

  const NetworkSettings settings_;
  SimClock& clock_;
  SimApi& api_;
  Checker& checker_;
  const WeatherOf weather_of_;
  Random chance_;  // of what belongs to no request

  EventQueue<Event> events_;
  std::deque<Slot> slots_;  // never moved
  std::vector<std::uint32_t> free_slots_;
  std::vector<Happening> happenings_;
  std::vector<std::uint32_t> free_happenings_;
  RequestId last_id_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t steps_ = 0;
  bool woken_ = false;
  bool abandoned_ = false;
  bool suspended_ = false;  // a moment ago
  std::optional<Duration> suspend_in_send_;
  std::string body_;
};

}  // namespace telnyx_exporter::simulation
