#include "simulator/call_world.h"

#include <cmath>
#include <utility>

namespace telnyx_exporter::simulator {
namespace {

// A view is shared by requests within this much simulated time.
constexpr SimTime kViewLife = 0.02;

}  // namespace

std::uint64_t DurationOf(const Leg& leg, SimTime now) {
  return static_cast<std::uint64_t>(std::floor(now - leg.begins));
}

CallWorld::CallWorld(std::vector<AccountSettings> accounts, SimClock& clock)
    : accounts_(std::move(accounts)), clock_(clock) {
  for (const AccountSettings& account : accounts_) {
    for (const ConnectionSettings& connection : account.connections) {
      TrafficModel model(connection.traffic, clock.start());
      connections_.emplace(connection.id,
                           std::make_unique<Connection>(account, connection, std::move(model)));
    }
  }
}

std::shared_ptr<const CallView> CallWorld::View(const AccountSettings& account,
                                                std::string_view connection_id) {
  const auto found = connections_.find(connection_id);
  if (found == connections_.end()) return nullptr;
  Connection& connection = *found->second;
  const std::lock_guard lock(connection.mutex);
  const SimTime now = clock_.Now();
  if (&connection.account != &account || !connection.settings.IsPresent(now)) return nullptr;
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

}  // namespace telnyx_exporter::simulator
