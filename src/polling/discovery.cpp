#include "polling/discovery.h"

#include <algorithm>
#include <memory>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "polling/account_limits.h"

namespace telnyx_exporter {
namespace {

constexpr Duration kAttemptTimeout = std::chrono::seconds(15);
// Names and tags of 10,000 ordinary connections are 3 MB.
constexpr std::size_t kMostKeptBytes = std::size_t{64} << 20U;
constexpr std::size_t kMostVoiceProfiles = 10'000;

std::vector<std::string_view> PathsOf(bool with_channel_limits) {
  std::vector<std::string_view> paths = {kConnectionsPath};
  if (with_channel_limits) {
    paths.insert(paths.end(), kChannelLimitPaths.begin(), kChannelLimitPaths.end());
    paths.push_back(kVoiceProfilesPath);
    paths.push_back(kInboundChannelsPath);
  }
  return paths;
}

std::size_t BytesOf(const ListedConnection& connection) {
  std::size_t bytes = sizeof(ListedConnection) + connection.id.size() + connection.name.size() +
                      connection.outbound_voice_profile_id.size();
  for (const std::string& tag : connection.tags) bytes += sizeof(std::string) + tag.size();
  return bytes;
}

bool AnyOf(const std::vector<std::string>& wanted, const std::vector<std::string>& texts) {
  return std::ranges::any_of(texts,
                             [&](const std::string& text) { return Contains(wanted, text); });
}

// What the API knows and the configuration does not say.
void FillIn(ConnectionPlan& plan, const ListedConnection& listed,
            const std::unordered_map<std::string_view, std::string_view>& profile_names) {
  plan.record_type = listed.record_type;
  plan.inbound_channel_limit = listed.inbound_channel_limit;
  plan.outbound_channel_limit = listed.outbound_channel_limit;
  plan.voice_profile_id = listed.outbound_voice_profile_id;
  const auto profile = profile_names.find(listed.outbound_voice_profile_id);
  if (profile != profile_names.end()) plan.voice_profile_name = profile->second;
}

void KeepLimits(const ListedConnection& known, ListedConnection& now) {
  now.inbound_channel_limit = known.inbound_channel_limit;
  now.outbound_channel_limit = known.outbound_channel_limit;
  if (now.outbound_voice_profile_id.empty()) {
    now.outbound_voice_profile_id = known.outbound_voice_profile_id;
  }
}

using namespace std::chrono_literals;

// After failures the lists are read again earlier than planned, but not in a hurry.
constexpr Duration kFirstRepeatDelay = 15s;
// Exporters that were started together should not ask together for ever.
constexpr double kLeastRefreshSpread = 0.9;

Duration RefreshWait(std::uint32_t failures, Duration refresh_interval) {
  if (failures == 0) return refresh_interval;
  Duration delay = kFirstRepeatDelay;
  for (std::uint32_t i = 1; i < failures && delay < refresh_interval; ++i) delay *= 2;
  return std::min(delay, refresh_interval);
}

// Whether lists that were read under one plan do not serve for the other one.
bool NeedsOtherLists(const DiscoveryPlan& before, const DiscoveryPlan& now) {
  return before.channel_limits != now.channel_limits || before.include != now.include ||
         before.exclude != now.exclude || before.max_connections != now.max_connections;
}

// Of what the configuration names for the first time nothing may have been kept.
bool NamesUnknown(const AccountPlan& before, const AccountPlan& now,
                  const DiscoveredConnections& discovered) {
  std::unordered_set<std::string_view> known;
  for (const ConnectionPlan& connection : before.connections) known.insert(connection.id);
  for (const ListedConnection& listed : discovered.lists().connections) known.insert(listed.id);
  return std::ranges::any_of(now.connections, [&](const ConnectionPlan& connection) {
    return !known.contains(connection.id);
  });
}

}  // namespace

ListRefresh::ListRefresh(ListSelection selection, Instant begun)
    : RequestSequence(begun, kListRefreshTimeout, kAttemptTimeout),
      selection_(std::move(selection)),
      paths_(PathsOf(selection_.channel_limits)),
      walk_(PageWalk::OfList(paths_.front())),
      next_target_(walk_.next_target()) {}

std::expected<RequestSequence::Step, PollFailure> ListRefresh::OnPage(std::string_view body) {
  if (path() == kInboundChannelsPath) return OnInboundChannels(body);
  const auto page = Read(body);
  if (!page) return Malformed(fmt::format("page {}: {}", walk_.pages() + 1, page.error().message));
  CountIgnoredFields(page->ignored_fields);
  if (auto used = UseRows(); !used) return std::unexpected(std::move(used.error()));
  auto step = walk_.Advance(*page);
  if (!step) {
    step.error().detail = fmt::format("{}: {}", path(), step.error().detail);
    return std::unexpected(std::move(step.error()));
  }
  if (*step == PageWalk::Step::kEnd) return ToNextList();
  next_target_ = walk_.next_target();
  return Step::kNextPage;
}

Result<PageInfo> ListRefresh::Read(std::string_view body) {
  if (path() == kVoiceProfilesPath) {
    return parser_.ParseVoiceProfiles(body, lists_.voice_profiles, lists_.unusable);
  }
  auto page = parser_.ParseConnections(body, page_, lists_.unusable);
  if (page && path() == kConnectionsPath) lists_.listed += page->rows;
  return page;
}

std::expected<void, PollFailure> ListRefresh::UseRows() {
  if (lists_.voice_profiles.size() > kMostVoiceProfiles) {
    return Malformed(fmt::format("more than {} voice profiles", kMostVoiceProfiles));
  }
  for (ListedConnection& row : std::exchange(page_, {})) {
    if (path() != kConnectionsPath) {
      FillInLimits(row);
    } else if (auto kept = Keep(std::move(row)); !kept) {
      return kept;
    }
  }
  return {};
}

std::expected<void, PollFailure> ListRefresh::Keep(ListedConnection connection) {
  // The same row comes again when others were added during the walk.
  if (index_.contains(connection.id)) return {};
  if (!IsPollable(connection)) lists_.not_pollable.Add(connection.id);
  const bool selected = !selection_.keeps || selection_.keeps(connection);
  if (!selected && (!selection_.names || !selection_.names(connection.id))) return {};
  if (selected && ++selected_ > selection_.max_connections) {
    return ContentFailure(FailureReason::kTooManyConnections,
                          fmt::format("{}: more than max_connections={} pass the filters", path(),
                                      selection_.max_connections));
  }
  kept_bytes_ += BytesOf(connection);
  if (kept_bytes_ > kMostKeptBytes) {
    return ContentFailure(
        FailureReason::kResponseTooLarge,
        fmt::format("{}: the connections take more than {} bytes", path(), kMostKeptBytes));
  }
  index_.emplace(connection.id, lists_.connections.size());
  lists_.connections.push_back(std::move(connection));
  return {};
}

// The first row with a limit counts: the lists by kind have each connection once.
void ListRefresh::FillInLimits(const ListedConnection& limits) {
  const auto found = index_.find(limits.id);
  if (found == index_.end()) return;
  ListedConnection& connection = lists_.connections[found->second];
  connection.has_kind_row = true;
  if (!connection.inbound_channel_limit) {
    connection.inbound_channel_limit = limits.inbound_channel_limit;
  }
  if (!connection.outbound_channel_limit) {
    connection.outbound_channel_limit = limits.outbound_channel_limit;
  }
  if (connection.outbound_voice_profile_id.empty()) {
    connection.outbound_voice_profile_id = limits.outbound_voice_profile_id;
  }
}

std::expected<RequestSequence::Step, PollFailure> ListRefresh::OnInboundChannels(
    std::string_view body) {
  const auto channels = parser_.ParseInboundChannels(body);
  if (channels) {
    lists_.account_channel_limit = *channels;
  } else {
    // One number that is not known is no reason to know nothing of the account.
    CountIgnoredFields(1);
  }
  return ToNextList();
}

// Every account has the list of all connections, and one that began does not end in the middle.
bool ListRefresh::MayBeLacking() const { return list_ > 0 && walk_.pages() == 0; }

std::expected<RequestSequence::Step, PollFailure> ListRefresh::OnLacking() {
  lists_.lacking.push_back(path());
  return ToNextList();
}

RequestSequence::Step ListRefresh::ToNextList() {
  if (++list_ == paths_.size()) {
    RemoveDuplicateIds(lists_.voice_profiles);
    return Step::kEnd;
  }
  walk_ = PageWalk::OfList(path());
  next_target_ = path() == kInboundChannelsPath ? std::string(path()) : walk_.next_target();
  return Step::kNextPage;
}

std::unexpected<PollFailure> ListRefresh::Malformed(std::string_view what) const {
  return ContentFailure(FailureReason::kMalformedResponse, fmt::format("{} {}", path(), what));
}

// A row that is removed while pages are read moves the others, and one of them may be in no page:
// what one refresh misses is kept until the next.
void DiscoveredConnections::Update(AccountLists lists) {
  std::unordered_map<std::string_view, ListedConnection*> named;
  for (ListedConnection& connection : lists.connections) named.emplace(connection.id, &connection);
  std::vector<std::string> missed;
  std::vector<ListedConnection> kept;
  for (ListedConnection& known : lists_.connections) {
    if (const auto now = named.find(known.id); now != named.end()) {
      if (known.has_kind_row && !now->second->has_kind_row) KeepLimits(known, *now->second);
      continue;
    }
    if (std::ranges::binary_search(missed_once_, known.id)) continue;
    missed.push_back(known.id);
    kept.push_back(std::move(known));
  }
  std::ranges::sort(missed);
  missed_once_ = std::move(missed);
  lists_ = std::move(lists);
  std::ranges::move(kept, std::back_inserter(lists_.connections));
}

ListSelection SelectionOf(const AccountPlan& account, const DiscoveredConnections& known) {
  const DiscoveryPlan& plan = *account.discovery;
  const auto ids = std::make_shared<std::unordered_set<std::string>>();
  for (const ConnectionPlan& connection : account.connections) ids->insert(connection.id);
  for (const ListedConnection& connection : known.lists().connections) ids->insert(connection.id);
  return {.channel_limits = plan.channel_limits,
          .max_connections = plan.max_connections,
          .keeps =
              [plan](const ListedConnection& connection) {
                return IsPollable(connection) && Selects(plan, connection);
              },
          .names = [ids](const std::string& id) { return ids->contains(id); }};
}

void DiscoveredConnections::ForgetLimits() {
  for (ListedConnection& connection : lists_.connections) {
    connection.inbound_channel_limit.reset();
    connection.outbound_channel_limit.reset();
    connection.has_kind_row = false;
  }
  lists_.account_channel_limit.reset();
  lists_.voice_profiles.clear();
  lists_.lacking.clear();
}

bool NeedsNewLists(const AccountPlan& before, const AccountPlan& now,
                   const DiscoveredConnections& known) {
  return NeedsOtherLists(*before.discovery, *now.discovery) || NamesUnknown(before, now, known);
}

Instant RefreshSchedule::NextDue(Duration refresh_interval, Instant now) const {
  if (!last_) return now;
  const Duration wait = RefreshWait(failures_, refresh_interval);
  return *last_ + std::chrono::duration_cast<Duration>(wait * spread_);
}

void RefreshSchedule::OnComplete(std::uint32_t requests) {
  failures_ = 0;
  requests_ = requests;
}

void RefreshSchedule::OnOver(Instant now, double random) {
  last_ = now;
  spread_ = kLeastRefreshSpread + random * (1 - kLeastRefreshSpread);
}

double RefreshSchedule::Demand(Duration refresh_interval) const {
  return RequestsPerSecond(requests_, refresh_interval);
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
  for (const ListedConnection& connection : discovered.lists().connections) {
    listed.emplace(connection.id, &connection);
  }
  std::unordered_map<std::string_view, std::string_view> profile_names;
  for (const ListedVoiceProfile& profile : discovered.lists().voice_profiles) {
    profile_names.emplace(profile.id, profile.name);
  }
  std::vector<ConnectionPlan> plans;
  for (const ConnectionPlan& connection : account.connections) {
    const auto known = listed.extract(connection.id);
    if (!shard.Owns(account.name, connection.id)) continue;
    ConnectionPlan& plan = plans.emplace_back(connection);
    if (known.empty()) continue;
    FillIn(plan, *known.mapped(), profile_names);
    const bool unnamed = plan.name == plan.id;
    if (unnamed && !known.mapped()->name.empty()) plan.name = known.mapped()->name;
  }
  if (!account.discovery) return plans;
  for (const ListedConnection& connection : discovered.lists().connections) {
    if (!listed.contains(connection.id) || !IsPollable(connection) ||
        !Selects(*account.discovery, connection) || !shard.Owns(account.name, connection.id)) {
      continue;
    }
    ConnectionPlan& plan = plans.emplace_back(account.discovery->connection);
    plan.id = connection.id;
    plan.name = connection.name.empty() ? connection.id : connection.name;
    plan.discovered = true;
    FillIn(plan, connection, profile_names);
  }
  return plans;
}

}  // namespace telnyx_exporter
