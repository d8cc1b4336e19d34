#pragma once

// The bytes of one page of an account's lists to their entries: its connections, the lists by kind
// that carry channel limits, and its outbound voice profiles. Discovery feeds it every page of a
// ListWalk, on the polling thread. These answers hold passwords: only what is named here is read.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace telnyx_exporter {

/// All connections of an account, of every kind.
inline constexpr std::string_view kConnectionsPath = "/connections";
/// The lists by kind: the same connections, with their channel limits.
inline constexpr std::array<std::string_view, 5> kChannelLimitPaths = {
    "/call_control_applications", "/texml_applications", "/credential_connections",
    "/ip_connections", "/fqdn_connections"};
inline constexpr std::string_view kVoiceProfilesPath = "/outbound_voice_profiles";

/// Longer ids are refused.
inline constexpr std::size_t kMaxListedIdBytes = 128;
/// Longer names and tags are cut.
inline constexpr std::size_t kMaxListedTextBytes = 256;
/// An entry with more tags is refused.
inline constexpr std::size_t kMaxListedTags = 256;

/// One connection. Names and tags are safe to show.
struct ListedConnection {
  std::string id;
  std::string record_type;  // "ip_connection"
  std::string name;         // empty: none
  std::optional<bool> active;
  bool has_webhook = false;               // webhook_event_url is not empty
  std::string outbound_voice_profile_id;  // empty: none
  std::vector<std::string> tags;
  // In the lists by kind only; absent where there is no limit.
  std::optional<std::uint64_t> inbound_channel_limit;
  std::optional<std::uint64_t> outbound_channel_limit;

  bool operator==(const ListedConnection&) const = default;
};

struct ListedVoiceProfile {
  std::string id;
  std::string name;  // empty: none
  std::optional<bool> enabled;
  std::optional<std::uint64_t> concurrent_call_limit;  // absent: no limit

  bool operator==(const ListedVoiceProfile&) const = default;
};

/// What a page says about the list that it is part of; absent where it says nothing.
struct ListPage {
  std::size_t rows = 0;
  std::optional<std::uint64_t> page_number;
  std::optional<std::uint64_t> page_size;
  std::optional<std::uint64_t> total_pages;
  std::optional<std::uint64_t> total_results;

  bool operator==(const ListPage&) const = default;
};

class ConnectionListParser {
 public:
  ConnectionListParser();
  ~ConnectionListParser();
  ConnectionListParser(ConnectionListParser&&) noexcept;
  ConnectionListParser& operator=(ConnectionListParser&&) noexcept;

  /// Appends the entries of a page of kConnectionsPath or one of kChannelLimitPaths. An id may be a
  /// text or a bare number, which is kept digit by digit. `body` must be followed by kBodyPadding
  /// readable bytes. On failure `connections` is as it was, and the error says where:
  /// `data[3].inbound.channel_limit is not a whole number from 0`. The error never holds a text of
  /// the page.
  Result<ListPage> ParseConnections(std::string_view body,
                                    std::vector<ListedConnection>& connections);

  /// The same for a page of kVoiceProfilesPath.
  Result<ListPage> ParseVoiceProfiles(std::string_view body,
                                      std::vector<ListedVoiceProfile>& profiles);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace telnyx_exporter
