#include "simulation/sim_transport.h"

#include <algorithm>
#include <utility>

#include "simulation/heap_meter.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

// Answers that have waited longer than this were overtaken by a suspension.
constexpr Duration kLongDelay = std::chrono::seconds(30);

}  // namespace

SimTransport::SimTransport(const NetworkSettings& settings, SimClock& clock, SimApi& api,
                           Checker& checker, WeatherOf weather_of)
    : settings_(settings),
      clock_(clock),
      api_(api),
      checker_(checker),
      weather_of_(std::move(weather_of)),
      chance_(Mix(settings.seed, 0)) {}

std::uint32_t SimTransport::TakeSlot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  return index;
}

RequestId SimTransport::Send(Request request, ExchangeCallback done) {
  const HeapOwnerScope test(HeapOwner::kTest);
  const std::uint32_t index = TakeSlot();
  Slot& slot = slots_[index];
  slot.id = ++last_id_;
  slot.destination = checker_.OnSent(slot.id, request);
  slot.over = false;
  slot.served = false;
  slot.done = std::move(done);
  slot.sent = clock_.Now();
  slot.deadline = slot.sent + request.timeout;
  slot.max_body_bytes = request.max_body_bytes;
  slot.error.reset();
  Plan(slot, index, request.connect_timeout, request.timeout);
  ++in_flight_;
  if (suspend_in_send_) clock_.AdvanceTo(clock_.Now() + *std::exchange(suspend_in_send_, {}));
  return slot.id;
}

// Decides what happens to the request. Only its own numbers go into that.
void SimTransport::Plan(Slot& slot, std::uint32_t index, Duration connect_timeout,
                        Duration timeout) {
  const ConnectionPlace place = slot.destination.place;
  Random random(Mix(Mix(settings_.seed, place.number()), slot.destination.nth));
  slot.fault = DrawFault(weather_of_(place.account), api_.TrueWallTime(slot.sent), random);
  Duration latency = random.LogBetween(settings_.least_latency, settings_.most_latency);
  if (slot.fault.kind == FaultKind::kLateAnswer) {
    latency = random.LogBetween(timeout / 2, timeout * 2);
  }
  Duration end = latency;
  bool reaches_api = true;
  if (slot.fault.kind == FaultKind::kNoAnswer) end = Duration::max();
  if (slot.fault.kind == FaultKind::kTransportError) {
    slot.error = slot.fault.error;
    reaches_api = random.Chance(0.5);
    if (slot.error == TransportError::Kind::kTimeout) end = connect_timeout;
  }
  if (end > timeout) {
    end = timeout;
    slot.error = TransportError::Kind::kTimeout;
  }
  slot.served = !reaches_api;
  if (reaches_api) {
    events_.Add(slot.sent + latency / 2, {Event::Kind::kServe, index, slot.id});
  }
  events_.Add(slot.sent + end, {Event::Kind::kEnd, index, slot.id});
}

void SimTransport::Cancel(RequestId id) {
  const HeapOwnerScope test(HeapOwner::kTest);
  const auto slot = std::ranges::find(slots_, id, &Slot::id);
  if (slot == slots_.end() || slot->over || abandoned_) return;
  checker_.OnCancelled(id);
  slot->over = true;
  slot->done = nullptr;
  --in_flight_;
  if (slot->served) Free(*slot);
}

void SimTransport::Free(Slot& slot) {
  slot.id = 0;
  const auto at = std::ranges::find(slots_, &slot, [](Slot& s) { return &s; });
  free_slots_.push_back(static_cast<std::uint32_t>(at - slots_.begin()));
}

void SimTransport::Run(Duration at_most) {
  const HeapOwnerScope test(HeapOwner::kTest);
  ++steps_;
  checker_.OnStepDone();
  const Instant end = clock_.Now() + at_most;
  bool ended = false;
  while (!std::exchange(woken_, false)) {
    const bool due = events_.next_time() <= clock_.Now();
    // Like the real one it may report one end or several.
    if (ended && (!due || chance_.Chance(0.5))) break;
    if (events_.next_time() > end) {
      ReturnAt(end);
      break;
    }
    const auto [when, event] = events_.Take();
    clock_.AdvanceTo(when);
    ended = Handle(event, when) || ended;
    // The exporter may notice the suspension before its network does.
    if (std::exchange(suspended_, false) && chance_.Chance(0.3)) break;
  }
  checker_.OnStepBegins();
}

void SimTransport::ReturnAt(Instant end) {
  clock_.AdvanceTo(end);
  if (settings_.most_overshoot == Duration::zero()) return;
  const double late = chance_.Real() * chance_.Real() * ToSeconds(settings_.most_overshoot);
  clock_.AdvanceTo(end + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(late)));
}

bool SimTransport::Handle(const Event& event, Instant when) {
  if (event.kind == Event::Kind::kHappening) {
    HappenAt(event.index, when);
    return false;
  }
  Slot& slot = slots_[event.index];
  if (slot.id != event.id) return false;
  if (event.kind == Event::Kind::kServe) {
    Serve(slot, when);
    return false;
  }
  if (slot.over) return false;
  End(slot, when);
  return true;
}

// The API answers and counts whether or not somebody still waits.
void SimTransport::Serve(Slot& slot, Instant when) {
  slot.served = true;
  const Checker::Destination& destination = slot.destination;
  api_.Serve(destination.place, destination.key, destination.request, slot.fault, when,
             slot.answer);
  if (slot.over) Free(slot);
}

void SimTransport::End(Slot& slot, Instant when) {
  // A suspended machine's connections may survive or not.
  const bool overslept = clock_.Now() - when > kLongDelay;
  if (overslept && chance_.Chance(0.5)) {
    Fail(slot, chance_.Chance(0.5) && clock_.Now() >= slot.deadline
                   ? TransportError::Kind::kTimeout
                   : TransportError::Kind::kConnect);
  } else if (slot.error) {
    Fail(slot, *slot.error);
  } else {
    Deliver(slot);
  }
}

void SimTransport::Deliver(Slot& slot) {
  Answer& answer = slot.answer;
  body_.clear();
  answer.WriteBody(body_);
  std::optional<TransportError::Kind> body_error;
  if (slot.fault.kind == FaultKind::kBrokenBody) {
    body_error = slot.fault.error;
    body_.resize(body_.size() / 2);
  }
  if (answer.body == Answer::Body::kTooLarge || body_.size() > slot.max_body_bytes) {
    body_error = TransportError::Kind::kResponseTooLarge;
    body_.clear();
  }
  body_.reserve(body_.size() + kBodyPadding);
  Response response{.status = answer.status, .headers = answer.advice.headers, .body = body_};
  if (body_error) response.body_error = TransportError{*body_error, "simulated"};
  // A row of a list that cannot be used is left out.
  const bool usable = answer.body == Answer::Body::kPage ||
                      (answer.list && answer.body == Answer::Body::kPageWithBadRow);
  const bool good = answer.status == 200 && usable && !body_error;
  Finish(slot,
         {.body_error = body_error,
          .status = answer.status,
          .advice = answer.advice,
          .page = good && !answer.list ? &answer.page : nullptr,
          .list = good && answer.list ? &answer.list_page : nullptr,
          .served = answer.served},
         {.result = std::move(response), .body_bytes = body_.size()});
}

void SimTransport::Fail(Slot& slot, TransportError::Kind kind) {
  Finish(slot, {.error = kind},
         {.result = std::unexpected(TransportError{.kind = kind, .message = "simulated"})});
}

void SimTransport::Finish(Slot& slot, const Outcome& outcome, Exchange exchange) {
  exchange.elapsed = clock_.Now() - slot.sent;
  slot.over = true;
  --in_flight_;
  checker_.OnAnswer(slot.id, outcome, exchange);
  ExchangeCallback done = std::exchange(slot.done, nullptr);
  {
    const HeapOwnerScope product(HeapOwner::kProduct);
    done(exchange);
  }
  checker_.OnAnswerTaken();
  if (slot.served) Free(slot);
}

void SimTransport::Schedule(Instant when, Happening happening) {
  if (free_happenings_.empty()) {
    free_happenings_.push_back(static_cast<std::uint32_t>(happenings_.size()));
    happenings_.emplace_back();
  }
  const std::uint32_t index = free_happenings_.back();
  free_happenings_.pop_back();
  happenings_[index] = std::move(happening);
  events_.Add(when, {Event::Kind::kHappening, index, 0});
}

void SimTransport::HappenAt(std::uint32_t index, Instant when) {
  const Happening happening = std::exchange(happenings_[index], nullptr);
  free_happenings_.push_back(index);
  happening(when);
}

void SimTransport::Suspend(Duration length) {
  clock_.AdvanceTo(clock_.Now() + length);
  suspended_ = true;
}

}  // namespace telnyx_exporter::simulation
