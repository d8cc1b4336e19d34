#pragma once

// The account's lists on the simulated wire: requests for their pages as the exporter writes them,
// and the pages' bytes.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace telnyx_exporter::simulation {

/// In the order in which the exporter reads them; without channel limits only the first.
inline constexpr std::array<std::string_view, 8> kListPaths = {"/connections",
                                                               "/call_control_applications",
                                                               "/texml_applications",
                                                               "/credential_connections",
                                                               "/ip_connections",
                                                               "/fqdn_connections",
                                                               "/outbound_voice_profiles",
                                                               "/inbound_channels"};
inline constexpr std::size_t kVoiceProfiles = 6;
/// Not a list but one number, asked for as it is.
inline constexpr std::size_t kInboundChannels = 7;

struct ListRequest {
  std::size_t list = 0;  // of kListPaths
  std::uint64_t number = 1;
  std::uint64_t size = 0;
};

/// Nothing when the target is not such a request.
std::optional<ListRequest> ParseListTarget(std::string_view target);

/// A connection on the lists, or an outbound voice profile.
struct ListRow {
  std::string id;
  std::string name;
  std::string record_type;
  bool has_webhook = false;
  std::vector<std::string> tags;
  std::string profile_id;
  // In the lists by kind, and of a profile.
  std::optional<std::uint64_t> inbound_limit;
  std::optional<std::uint64_t> outbound_limit;
};

struct ListPage {
  std::vector<ListRow> rows;
  std::uint64_t number = 1;
  std::uint64_t size = 0;
  std::uint64_t total_pages = 1;
};

/// Appends the page's JSON as the list `list` writes it. `bad_row`, if any, follows the rows.
void WriteListPage(const ListPage& page, std::size_t list, std::string_view bad_row,
                   std::string& out);

}  // namespace telnyx_exporter::simulation
