#pragma once

// One refresh of an account's lists: all its connections and, where limits are wanted, the lists by
// kind that carry them, the voice profiles and the channels of the whole account. The poller owns
// one for as long as it lasts, on the polling thread. Rows that are not wanted take no memory.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "polling/request_sequence.h"
#include "telnyx/connection_list.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {

/// A refresh that takes longer has failed.
inline constexpr Duration kListRefreshTimeout = std::chrono::minutes(5);

/// What an account has, read to the end.
struct AccountLists {
  std::vector<ListedConnection> connections;       // that were wanted, each id once
  std::vector<ListedVoiceProfile> voice_profiles;  // with channel limits only
  std::vector<std::string_view> lacking;           // paths of lists that the account does not have
  std::uint64_t listed = 0;                        // rows on the list of all connections
  RowsLeftOut unusable;                            // that could not be read, on any of the lists
  RowsLeftOut not_pollable;  // connections that cannot have active calls to list
  /// Channels of the whole account, with channel limits only; absent where there is no limit.
  std::optional<std::uint64_t> account_channel_limit;
};

/// What a refresh reads, and how much it may find.
struct ListSelection {
  bool channel_limits = false;  // read the lists that tell them, too
  std::uint64_t max_connections = std::numeric_limits<std::uint64_t>::max();
  /// Whether a connection passes the filters: it is kept and counts towards max_connections. Empty:
  /// all do.
  std::function<bool(const ListedConnection&)> keeps{};
  /// Whether a connection is kept whatever `keeps` says, because the configuration names it or it
  /// is known from earlier lists. Empty: none.
  std::function<bool(const std::string& id)> names{};
};

/// All of it or nothing, but for a list that the API answers with 404 from its first page on: not
/// every account has every product, and then the limits that it would tell are not known. Fails
/// with `too_many_connections` as soon as more than max_connections are kept.
class ListRefresh final : public RequestSequence {
 public:
  ListRefresh(ListSelection selection, Instant begun);

  const std::string& next_target() const override { return next_target_; }

  /// After kComplete.
  AccountLists TakeLists() { return std::move(lists_); }

 protected:
  std::expected<Step, PollFailure> OnPage(std::string_view body) override;
  bool MayBeLacking() const override;
  std::expected<Step, PollFailure> OnLacking() override;

 private:
  std::string_view path() const { return paths_[list_]; }
  Result<PageInfo> Read(std::string_view body);
  std::expected<void, PollFailure> Keep(ListedConnection connection);
  void FillInLimits(const ListedConnection& limits);
  std::expected<Step, PollFailure> OnInboundChannels(std::string_view body);
  std::expected<void, PollFailure> UseRows();
  Step ToNextList();
  std::unexpected<PollFailure> Malformed(std::string_view what) const;

  const ListSelection selection_;
  const std::vector<std::string_view> paths_;
  std::size_t list_ = 0;  // of paths_, the one that is being read
  PageWalk walk_;
  std::string next_target_;
  ConnectionListParser parser_;
  std::vector<ListedConnection> page_;  // the rows of the newest page
  AccountLists lists_;
  std::unordered_map<std::string, std::size_t> index_;  // of lists_.connections, by id
  std::uint64_t selected_ = 0;                          // of them, that pass the filters
  std::size_t kept_bytes_ = 0;
};

}  // namespace telnyx_exporter
