#pragma once

// Which of an account's connections are polled: the refresh that reads the account's lists, what is
// known from them, and what the plan and the lists together say is to be polled. The account owns a
// refresh for as long as it lasts, on the polling thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "polling/poll_plan.h"
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

/// The connections that the account's lists have named, the newest list last. One that a list does
/// not name stays until another list in a row does not name it either: lists are read page by page
/// while they change.
class DiscoveredConnections {
 public:
  /// Takes in a complete list.
  void Update(AccountLists lists);
  /// The lists that tell limits are not read any more.
  void ForgetLimits();

  /// The newest lists, and connections that they did not name.
  const AccountLists& lists() const { return lists_; }

 private:
  AccountLists lists_;
  std::vector<std::string> missed_once_;  // sorted ids of those that the newest did not name
};

/// Whether the lists must be read again at once when a plan takes the place of another one: those
/// that were read do not serve, or did not keep what the plan names for the first time.
bool NeedsNewLists(const AccountPlan& before, const AccountPlan& now,
                   const DiscoveredConnections& known);

/// When an account's lists are read: at once, then once an interval, and after failures earlier
/// than that, but not in a hurry.
class RefreshSchedule {
 public:
  Instant NextDue(Duration refresh_interval, Instant now) const;
  /// A refresh was complete after so many requests.
  void OnComplete(std::uint32_t requests);
  void OnFailed() { ++failures_; }
  /// Either way it is over. `random` is from 0 up to 1: exporters that were started together do not
  /// ask together for ever.
  void OnOver(Instant now, double random);

  /// Requests per second that the refreshes need.
  double Demand(Duration refresh_interval) const;

 private:
  std::optional<Instant> last_;  // when one ended
  std::uint32_t failures_ = 0;   // in a row
  double spread_ = 1;            // of the wait until the next one
  std::uint32_t requests_ = 1;   // of the newest complete one
};

/// Whether discovery keeps a connection, its kind aside.
bool Selects(const DiscoveryPlan& plan, const ListedConnection& connection);

/// What a refresh of the account's lists keeps: what passes the filters, and what the configuration
/// names or is known already.
ListSelection SelectionOf(const AccountPlan& account, const DiscoveredConnections& known);

/// What is to be polled of the account by this shard: explicit connections first; they win over
/// discovered ones with the same id and take from these what the configuration does not say.
std::vector<ConnectionPlan> ConnectionsToPoll(const AccountPlan& account,
                                              const DiscoveredConnections& discovered,
                                              const Shard& shard);

}  // namespace telnyx_exporter
