#pragma once

// The bytes of one page of an account's lists to their entries: its connections, the lists by kind
// that carry channel limits, its outbound voice profiles, and the channels of the whole account. A
// list refresh feeds it every page, on the polling thread. These answers hold passwords: only what
// is named here is read.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {

/// All connections of an account, of every kind.
inline constexpr std::string_view kConnectionsPath = "/connections";
/// The lists by kind: the same connections, with their channel limits.
inline constexpr std::array<std::string_view, 5> kChannelLimitPaths = {
    "/call_control_applications", "/texml_applications", "/credential_connections",
    "/ip_connections", "/fqdn_connections"};
inline constexpr std::string_view kVoiceProfilesPath = "/outbound_voice_profiles";

/// Not a list but one object: the channels of the whole account.
inline constexpr std::string_view kInboundChannelsPath = "/inbound_channels";

/// A row with a longer id is not usable.
inline constexpr std::size_t kMaxListedIdBytes = 128;
/// Longer names and tags are cut.
inline constexpr std::size_t kMaxListedTextBytes = 256;
/// A row with more tags is not usable.
inline constexpr std::size_t kMaxListedTags = 256;
/// So many of the rows that are left out are named; all are counted.
inline constexpr std::size_t kMaxNamedRows = 20;

/// Rows of a list that are left out: how many, and the first by their ids, or by their place on
/// their page where they have no usable one. Safe to show.
struct RowsLeftOut {
  std::uint64_t count = 0;
  std::vector<std::string> names;  // at most kMaxNamedRows

  void Add(std::string_view name);
  bool operator==(const RowsLeftOut&) const = default;
};

/// One connection. Names and tags are safe to show.
struct ListedConnection {
  std::string id;
  std::string record_type;                // "ip_connection"
  std::string name;                       // empty: none
  bool has_webhook = false;               // webhook_event_url is not empty
  std::string outbound_voice_profile_id;  // empty: none
  std::vector<std::string> tags;
  // In the lists by kind only; absent where there is no limit.
  std::optional<std::uint64_t> inbound_channel_limit;
  std::optional<std::uint64_t> outbound_channel_limit;
  bool has_kind_row = false;  // it was in a list by kind, too

  bool operator==(const ListedConnection&) const = default;
};

struct ListedVoiceProfile {
  std::string id;
  std::string name;                                    // empty: none
  std::optional<std::uint64_t> concurrent_call_limit;  // absent: no limit

  bool operator==(const ListedVoiceProfile&) const = default;
};

class ConnectionListParser {
 public:
  ConnectionListParser();

  /// Appends the entries of a page of kConnectionsPath or one of kChannelLimitPaths. An id may be a
  /// string or a bare number, which is kept digit by digit. A row that cannot be used (without an
  /// id or a kind, or with a field that decides whether it is polled and cannot be read) is left
  /// out and added to `unusable`. `body` must be followed by kBodyPadding readable bytes. On
  /// failure `connections` is as it was; the error never holds a text of the page.
  Result<PageInfo> ParseConnections(std::string_view body,
                                    std::vector<ListedConnection>& connections,
                                    RowsLeftOut& unusable);

  /// The same for a page of kVoiceProfilesPath.
  Result<PageInfo> ParseVoiceProfiles(std::string_view body,
                                      std::vector<ListedVoiceProfile>& profiles,
                                      RowsLeftOut& unusable);

  /// `data.channels` of the answer of kInboundChannelsPath; nothing where it says nothing usable.
  /// Fails only when the body is not such an answer.
  Result<std::optional<std::uint64_t>> ParseInboundChannels(std::string_view body);

 private:
  struct Buffers;  // simdjson stays out of this header
  std::unique_ptr<Buffers, void (*)(Buffers*)> buffers_;
};

/// Keeps the first of the rows with the same id, in their order, and returns how many were removed:
/// an entry that is added during a walk moves others to the next page, where they come again.
template <typename Row>
std::size_t RemoveDuplicateIds(std::vector<Row>& rows) {
  std::unordered_set<std::string> seen;
  return std::erase_if(rows, [&](const Row& row) { return !seen.insert(row.id).second; });
}

/// Whether the API can be asked for a connection's active calls: it can for applications that
/// control calls, and for SIP connections that send their calls' events to a webhook.
bool IsPollable(const ListedConnection& connection);

}  // namespace telnyx_exporter
