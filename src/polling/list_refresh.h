#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "polling/request_sequence.h"
#include "telnyx/connection_list.h"
#include "telnyx/list_walk.h"

namespace telnyx_exporter {

/// A refresh that takes longer has failed.
inline constexpr Duration kListRefreshTimeout = std::chrono::minutes(5);

/// What an account has, read to the end.
struct AccountLists {
  std::vector<ListedConnection> connections;
  std::vector<ListedVoiceProfile> voice_profiles;  // with channel limits only
  std::vector<std::string_view> lacking;           // paths of lists that the account does not have
};

/// What a refresh reads, and how much it may find.
struct ListSelection {
  bool channel_limits = false;  // read the lists that tell them, too
  std::uint64_t max_connections = std::numeric_limits<std::uint64_t>::max();
  /// Whether a connection counts towards max_connections. Empty: all do.
  std::function<bool(const ListedConnection&)> keeps{};
};

/// One refresh of an account's lists: all its connections and, where limits are wanted, the lists
/// by kind that carry them and the voice profiles. All of it or nothing, but for a list that the
/// API answers with 404 from its first page on: not every account has every product, and then the
/// limits that would stand there are not known.
class ListRefresh final : public RequestSequence {
 public:
  ListRefresh(ListSelection selection, Instant begun);

  const std::string& next_target() const override { return walk_.next_target(); }

  /// After kComplete.
  AccountLists TakeLists();

 protected:
  std::expected<Step, PollFailure> OnPage(std::string_view body) override;
  bool MayBeLacking() const override;
  std::expected<Step, PollFailure> OnLacking() override;

 private:
  Step ToNextList();
  Result<ListPage> Parse(std::string_view body);
  bool reads_profiles() const { return lists_[list_] == kVoiceProfilesPath; }
  bool reads_limits() const { return list_ > 0; }
  /// False when there are more connections than may be.
  bool CountKept(std::size_t first_new);

  const ListSelection selection_;
  std::unordered_set<std::string> kept_;  // ids
  std::vector<std::string_view> lists_;   // paths
  std::size_t list_ = 0;                  // the one that is being read
  ListWalk walk_;
  ConnectionListParser parser_;
  std::vector<ListedConnection> connections_;
  std::vector<ListedConnection> with_limits_;
  std::vector<ListedVoiceProfile> profiles_;
  std::vector<std::string_view> lacking_;
};

}  // namespace telnyx_exporter
