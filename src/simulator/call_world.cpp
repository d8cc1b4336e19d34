#include "simulator/call_world.h"

#include <cmath>
#include <utility>

namespace telnyx_exporter::simulator {
namespace {

// Views are made anew after this much simulated time, so that fast readers share them.
constexpr SimTime kViewLife = 0.02;

}  // namespace

struct CallWorld::Connection {
  explicit Connection(const TrafficSettings& traffic) : model(traffic) {}

  std::mutex mutex;
  TrafficModel model;                    // guarded by mutex
  std::shared_ptr<const CallView> view;  // guarded by mutex
};

std::uint64_t DurationOf(const Leg& leg, SimTime now) {
  return static_cast<std::uint64_t>(std::floor(now - leg.begins));
}

CallWorld::CallWorld(std::vector<ConnectionSettings> connections, SimClock& clock)
    : settings_(std::move(connections)), clock_(clock) {
  for (const ConnectionSettings& settings : settings_) {
    connections_.push_back(std::make_unique<Connection>(settings.traffic));
  }
}

CallWorld::~CallWorld() = default;

std::shared_ptr<const CallView> CallWorld::View(std::string_view connection_id) {
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    if (settings_[i].id != connection_id) continue;
    Connection& connection = *connections_[i];
    const std::lock_guard lock(connection.mutex);
    const SimTime now = clock_.Now();
    const auto& view = connection.view;
    const bool current = view != nullptr && now >= view->now && now < view->now + kViewLife;
    // A frozen world must be the same to all: then only the exact time will do.
    if (!current || (clock_.frozen() && view->now != now)) {
      connection.model.AdvanceTo(now);
      connection.view =
          std::make_shared<const CallView>(CallView{.now = now,
                                                    .legs = connection.model.legs(),
                                                    .started = connection.model.started(),
                                                    .ended = connection.model.ended()});
    }
    return connection.view;
  }
  return nullptr;
}

}  // namespace telnyx_exporter::simulator
