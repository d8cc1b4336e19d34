#include "polling/discovery.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "telnyx/pollable.h"

namespace telnyx_exporter {
namespace {

bool Contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::ranges::find(texts, text) != texts.end();
}

bool AnyOf(const std::vector<std::string>& wanted, const std::vector<std::string>& texts) {
  return std::ranges::any_of(texts,
                             [&](const std::string& text) { return Contains(wanted, text); });
}

// What the API knows and the configuration does not say.
void FillIn(ConnectionPlan& plan, const ListedConnection& listed,
            const std::vector<ListedVoiceProfile>& profiles) {
  plan.record_type = listed.record_type;
  plan.inbound_channel_limit = listed.inbound_channel_limit;
  plan.outbound_channel_limit = listed.outbound_channel_limit;
  plan.voice_profile_id = listed.outbound_voice_profile_id;
  const auto profile =
      std::ranges::find(profiles, listed.outbound_voice_profile_id, &ListedVoiceProfile::id);
  if (profile != profiles.end()) plan.voice_profile_name = profile->name;
}

}  // namespace

void DiscoveredConnections::Take(AccountLists lists) {
  std::unordered_set<std::string_view> named;
  for (const ListedConnection& connection : lists.connections) named.insert(connection.id);
  std::vector<std::string> missed;
  std::vector<ListedConnection> kept;
  for (ListedConnection& known : connections_) {
    if (named.contains(known.id)) continue;
    if (std::ranges::binary_search(missed_once_, known.id)) continue;
    missed.push_back(known.id);
    kept.push_back(std::move(known));
  }
  std::ranges::sort(missed);
  missed_once_ = std::move(missed);
  connections_ = std::move(lists.connections);
  std::ranges::move(kept, std::back_inserter(connections_));
  voice_profiles_ = std::move(lists.voice_profiles);
  lacking_ = std::move(lists.lacking);
  account_channel_limit_ = lists.account_channel_limit;
  listed_ = lists.listed;
  unusable_ = std::move(lists.unusable);
  not_pollable_ = std::move(lists.not_pollable);
}

ListSelection SelectionOf(const AccountPlan& account, const DiscoveredConnections& known) {
  const DiscoveryPlan& plan = *account.discovery;
  const auto ids = std::make_shared<std::unordered_set<std::string>>();
  for (const ConnectionPlan& connection : account.connections) ids->insert(connection.id);
  for (const ListedConnection& connection : known.connections()) ids->insert(connection.id);
  return {.channel_limits = plan.channel_limits,
          .max_connections = plan.max_connections,
          .keeps =
              [plan](const ListedConnection& connection) {
                return IsPollable(connection) && Selects(plan, connection);
              },
          .names = [ids](const std::string& id) { return ids->contains(id); }};
}

void DiscoveredConnections::ForgetLimits() {
  for (ListedConnection& connection : connections_) {
    connection.inbound_channel_limit.reset();
    connection.outbound_channel_limit.reset();
  }
  account_channel_limit_.reset();
  voice_profiles_.clear();
  lacking_.clear();
}

bool Selects(const DiscoveryPlan& plan, const ListedConnection& connection) {
  const DiscoveryFilterPlan& include = plan.include;
  if (include.name && !include.name->Matches(connection.name)) return false;
  if (!include.record_types.empty() && !Contains(include.record_types, connection.record_type)) {
    return false;
  }
  if (!include.tags.empty() && !AnyOf(include.tags, connection.tags)) return false;
  const DiscoveryFilterPlan& exclude = plan.exclude;
  return !(exclude.name && exclude.name->Matches(connection.name)) &&
         !Contains(exclude.record_types, connection.record_type) &&
         !AnyOf(exclude.tags, connection.tags);
}

std::vector<ConnectionPlan> ConnectionsToPoll(const AccountPlan& account,
                                              const DiscoveredConnections& discovered,
                                              const Shard& shard) {
  std::unordered_map<std::string_view, const ListedConnection*> listed;
  for (const ListedConnection& connection : discovered.connections()) {
    listed.emplace(connection.id, &connection);
  }
  std::vector<ConnectionPlan> plans;
  for (const ConnectionPlan& connection : account.connections) {
    const auto known = listed.extract(connection.id);
    if (!shard.Owns(account.name, connection.id)) continue;
    plans.push_back(connection);
    if (!known.empty()) FillIn(plans.back(), *known.mapped(), discovered.voice_profiles());
  }
  if (!account.discovery) return plans;
  for (const ListedConnection& connection : discovered.connections()) {
    if (!listed.contains(connection.id) || !IsPollable(connection) ||
        !Selects(*account.discovery, connection) || !shard.Owns(account.name, connection.id)) {
      continue;
    }
    ConnectionPlan& plan = plans.emplace_back(account.discovery->connection);
    plan.id = connection.id;
    plan.name = connection.name.empty() ? connection.id : connection.name;
    plan.discovered = true;
    FillIn(plan, connection, discovered.voice_profiles());
  }
  return plans;
}

}  // namespace telnyx_exporter
