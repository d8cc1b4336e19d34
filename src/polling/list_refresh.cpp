#include "polling/list_refresh.h"

#include <utility>

#include <fmt/format.h>

#include "telnyx/pollable.h"

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
  std::size_t bytes = sizeof connection + connection.id.size() + connection.name.size() +
                      connection.outbound_voice_profile_id.size();
  for (const std::string& tag : connection.tags) bytes += sizeof tag + tag.size();
  return bytes;
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

}  // namespace telnyx_exporter
