#pragma once

// Which of an account's connections are polled: those that the configuration names and those that
// its discovery keeps of the account's list. Pure; the poller feeds it each complete list.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/name_pattern.h"
#include "polling/list_refresh.h"
#include "polling/poll_plan.h"
#include "polling/shard.h"
#include "telnyx/connection_list.h"

namespace telnyx_exporter {

/// The connections that the account's lists have named, the newest list last. One that a list does
/// not name stays until another list in a row does not name it either: lists are read page by page
/// while they change.
class DiscoveredConnections {
 public:
  /// Takes in a complete list.
  void Take(AccountLists lists);
  /// The lists that tell limits are not read any more.
  void ForgetLimits();

  const std::vector<ListedConnection>& connections() const { return connections_; }
  const std::vector<ListedVoiceProfile>& voice_profiles() const { return voice_profiles_; }
  /// Of the whole account; absent where there is no limit or none was read.
  std::optional<std::uint64_t> account_channel_limit() const { return account_channel_limit_; }
  /// Of the newest list: its rows, and what was left out of it.
  std::uint64_t listed() const { return listed_; }
  const RowsLeftOut& unusable() const { return unusable_; }
  const RowsLeftOut& not_pollable() const { return not_pollable_; }
  /// Paths of the lists that the account does not have, so that their limits are not known.
  const std::vector<std::string_view>& lacking() const { return lacking_; }

 private:
  std::vector<ListedConnection> connections_;
  std::vector<std::string> missed_once_;  // ids, sorted
  std::vector<ListedVoiceProfile> voice_profiles_;
  std::vector<std::string_view> lacking_;
  std::optional<std::uint64_t> account_channel_limit_;
  std::uint64_t listed_ = 0;
  RowsLeftOut unusable_;
  RowsLeftOut not_pollable_;
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
