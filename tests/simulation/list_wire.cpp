#include "simulation/list_wire.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "simulation/take.h"

namespace telnyx_exporter::simulation {
namespace {

std::string JsonText(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json + '"';
}

std::string JsonCount(const std::optional<std::uint64_t>& count) {
  return count ? std::to_string(*count) : "null";
}

std::string_view NameKeyOf(std::size_t list) {
  if (list == 1) return "application_name";
  if (list == 2) return "friendly_name";
  return "connection_name";
}

void AppendProfile(const ListRow& row, std::string& out) {
  out += fmt::format(R"({{"id":{},"name":{},"enabled":true,"concurrent_call_limit":{}}})",
                     JsonText(row.id), JsonText(row.name), JsonCount(row.outbound_limit));
}

void AppendConnection(const ListRow& row, std::size_t list, std::string& out) {
  std::vector<std::string> tags;
  for (const std::string& tag : row.tags) tags.push_back(JsonText(tag));
  out +=
      fmt::format(R"({{"id":{},"record_type":{},"{}":{},"active":true,"tags":[{}],)"
                  R"("webhook_event_url":{},"password":"never to be read")",
                  JsonText(row.id), JsonText(row.record_type), NameKeyOf(list), JsonText(row.name),
                  fmt::join(tags, ","), row.has_webhook ? R"("https://hook.example")" : "null");
  if (list == 0) {
    out += fmt::format(R"(,"outbound_voice_profile_id":{}}})", JsonText(row.profile_id));
  } else {
    out += fmt::format(R"(,"inbound":{{"channel_limit":{}}},)"
                       R"("outbound":{{"channel_limit":{},"outbound_voice_profile_id":{}}}}})",
                       JsonCount(row.inbound_limit), JsonCount(row.outbound_limit),
                       JsonText(row.profile_id));
  }
}

}  // namespace

std::optional<ListRequest> ParseListTarget(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const auto list = std::ranges::find(kListPaths, path);
  if (list == kListPaths.end()) return std::nullopt;
  ListRequest request{.list = static_cast<std::size_t>(list - kListPaths.begin())};
  target.remove_prefix(path.size());
  if (request.list == kInboundChannels && target.empty()) return request;
  if (TakeText(target, "?page%5Bnumber%5D=") && TakeNumber(target, request.number) &&
      TakeText(target, "&page%5Bsize%5D=") && TakeNumber(target, request.size) && target.empty()) {
    return request;
  }
  return std::nullopt;
}

void WriteListPage(const ListPage& page, std::size_t list, std::string_view bad_row,
                   std::string& out) {
  if (list == kInboundChannels) {
    out += R"({"data":{"channels":42,"record_type":"inbound_channels"}})";
    return;
  }
  out += R"({"data":[)";
  for (const ListRow& row : page.rows) {
    list == kVoiceProfiles ? AppendProfile(row, out) : AppendConnection(row, list, out);
    out += ',';
  }
  out += bad_row;
  if (out.back() == ',') out.pop_back();
  out += fmt::format(R"(],"meta":{{"page_number":{},"page_size":{},"total_pages":{}}}}})",
                     page.number, page.size, page.total_pages);
}

}  // namespace telnyx_exporter::simulation
