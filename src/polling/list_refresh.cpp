#include "polling/list_refresh.h"

#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

constexpr Duration kAttemptTimeout = std::chrono::seconds(15);

std::vector<std::string_view> PathsOf(bool with_channel_limits) {
  std::vector<std::string_view> paths = {kConnectionsPath};
  if (with_channel_limits) {
    paths.insert(paths.end(), kChannelLimitPaths.begin(), kChannelLimitPaths.end());
    paths.push_back(kVoiceProfilesPath);
  }
  return paths;
}

}  // namespace

ListRefresh::ListRefresh(ListSelection selection, Instant begun)
    : RequestSequence(begun, kListRefreshTimeout, kAttemptTimeout),
      selection_(std::move(selection)),
      lists_(PathsOf(selection_.channel_limits)),
      walk_(lists_.front(), ListWalkLimits{}) {}

Result<ListPage> ListRefresh::Parse(std::string_view body) {
  if (reads_profiles()) return parser_.ParseVoiceProfiles(body, profiles_);
  return parser_.ParseConnections(body, reads_limits() ? with_limits_ : connections_);
}

std::expected<RequestSequence::Step, PollFailure> ListRefresh::OnPage(std::string_view body) {
  const std::size_t connections_before = connections_.size();
  const auto page = Parse(body);
  if (!page) {
    return ContentFailure(
        FailureReason::kMalformedResponse,
        fmt::format("{} page {}: {}", lists_[list_], walk_.pages() + 1, page.error().message));
  }
  if (!CountKept(connections_before)) {
    return ContentFailure(FailureReason::kTooManyConnections,
                          fmt::format("{}: more than {} connections pass the filters",
                                      lists_[list_], selection_.max_connections));
  }
  auto step = walk_.Advance(*page);
  if (!step) {
    step.error().detail = fmt::format("{}: {}", lists_[list_], step.error().detail);
    return std::unexpected(std::move(step.error()));
  }
  return *step == ListWalk::Step::kNextPage ? Step::kNextPage : ToNextList();
}

bool ListRefresh::CountKept(std::size_t first_new) {
  for (std::size_t i = first_new; i < connections_.size(); ++i) {
    if (selection_.keeps && !selection_.keeps(connections_[i])) continue;
    kept_.insert(connections_[i].id);
    if (kept_.size() > selection_.max_connections) return false;
  }
  return true;
}

// Every account has the list of all connections, and one that began does not end in the middle.
bool ListRefresh::MayBeLacking() const { return list_ > 0 && walk_.pages() == 0; }

std::expected<RequestSequence::Step, PollFailure> ListRefresh::OnLacking() {
  lacking_.push_back(lists_[list_]);
  return ToNextList();
}

RequestSequence::Step ListRefresh::ToNextList() {
  if (++list_ == lists_.size()) return Step::kEnd;
  walk_ = ListWalk(lists_[list_], ListWalkLimits{});
  return Step::kNextPage;
}

AccountLists ListRefresh::TakeLists() {
  std::unordered_map<std::string_view, const ListedConnection*> limits;
  for (const ListedConnection& connection : with_limits_) {
    limits.emplace(connection.id, &connection);
  }
  for (ListedConnection& connection : connections_) {
    const auto found = limits.find(connection.id);
    if (found == limits.end()) continue;
    connection.inbound_channel_limit = found->second->inbound_channel_limit;
    connection.outbound_channel_limit = found->second->outbound_channel_limit;
    if (connection.outbound_voice_profile_id.empty()) {
      connection.outbound_voice_profile_id = found->second->outbound_voice_profile_id;
    }
  }
  RemoveDuplicateIds(connections_);
  RemoveDuplicateIds(profiles_);
  return {.connections = std::move(connections_),
          .voice_profiles = std::move(profiles_),
          .lacking = std::move(lacking_)};
}

}  // namespace telnyx_exporter
