#include "simulation/sim_lists.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "simulation/names.h"

namespace telnyx_exporter::simulation {
namespace {

constexpr std::array<std::string_view, 6> kRecordTypes = {
    "call_control_application", "texml_application", "credential_connection", "ip_connection",
    "fqdn_connection",          "fax_application"};
constexpr std::uint64_t kProfiles = 3;
// As many as the exporter's configuration may name, and as many more.
constexpr std::uint32_t kConfigured = 8;
constexpr std::uint32_t kOthers = 12;

}  // namespace

SimLists::SimLists(std::uint32_t account, std::uint64_t seed) : account_(account), seed_(seed) {
  Random random(seed);
  page_rows_ = random.Chance(0.6) ? 250 : random.Between(2, 8);
  const std::uint64_t connections = random.Below(10);
  for (std::uint64_t i = 0; i < connections; ++i) versions_[DrawConnection(random)] = 0;
}

std::uint32_t SimLists::DrawConnection(Random& random) const {
  return random.Chance(0.3)
             ? static_cast<std::uint32_t>(random.Below(kConfigured))
             : kFirstListedConnection + static_cast<std::uint32_t>(random.Below(kOthers));
}

SimLists::Change SimLists::ChangeOne(Random& random) {
  const std::uint32_t connection = DrawConnection(random);
  const auto known = versions_.find(connection);
  if (known == versions_.end()) {
    versions_[connection] = static_cast<std::uint32_t>(random.Below(100));
    return {.connection = connection};
  }
  if (random.Chance(0.3)) {
    ++known->second;
    return {.connection = connection};
  }
  versions_.erase(known);
  return {.connection = connection, .is_there = false};
}

ListRow SimLists::RowOf(std::uint32_t connection, std::uint32_t version) const {
  Random random(Mix(Mix(seed_, connection), version));
  ListRow row{.id = ConnectionId(account_, connection)};
  if (random.Chance(0.9)) {
    row.name = fmt::format("{}-{}", random.Chance(0.6) ? "prod" : "test", random.Below(100));
  }
  row.record_type = random.Pick(kRecordTypes);
  row.has_webhook = random.Chance(0.7);
  if (random.Chance(0.5)) row.tags.emplace_back("voice");
  if (random.Chance(0.3)) row.tags.emplace_back("old");
  if (random.Chance(0.5)) row.profile_id = fmt::format("p{}", random.Below(kProfiles + 1));
  if (random.Chance(0.5)) row.inbound_limit = random.Below(100);
  if (random.Chance(0.5)) row.outbound_limit = random.Below(100);
  return row;
}

std::vector<ListRow> SimLists::Rows(std::size_t list) const {
  std::vector<ListRow> rows;
  if (list == kVoiceProfiles) {
    for (std::uint64_t i = 0; i < kProfiles; ++i) {
      ListRow row{.id = fmt::format("p{}", i), .name = fmt::format("profile {}", i)};
      if (i > 0) row.outbound_limit = 10 * i;
      rows.push_back(std::move(row));
    }
    return rows;
  }
  if (list == kInboundChannels) return rows;
  for (const auto& [connection, version] : versions_) {
    ListRow row = RowOf(connection, version);
    if (list == 0 || row.record_type == kRecordTypes[list - 1]) rows.push_back(std::move(row));
  }
  return rows;
}

void SimLists::Serve(const ListRequest& request, ListPage& page) const {
  std::vector<ListRow> rows = Rows(request.list);
  page.number = request.number;
  page.size = std::max<std::uint64_t>(1, std::min(request.size, page_rows_));
  page.total_pages = std::max<std::uint64_t>(1, (rows.size() + page.size - 1) / page.size);
  const auto first = std::min<std::uint64_t>(rows.size(), (request.number - 1) * page.size);
  const auto end = std::min<std::uint64_t>(rows.size(), first + page.size);
  page.rows.assign(rows.begin() + static_cast<std::ptrdiff_t>(first),
                   rows.begin() + static_cast<std::ptrdiff_t>(end));
}

}  // namespace telnyx_exporter::simulation
