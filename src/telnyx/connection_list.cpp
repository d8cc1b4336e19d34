#include "telnyx/connection_list.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "telnyx/json_reader.h"

namespace telnyx_exporter {
namespace {

using simdjson::SUCCESS;

bool IsWholeNumber(std::string_view token) {
  return !token.empty() && (token == "0" || token.front() != '0') &&
         std::ranges::all_of(token, [](char c) { return c >= '0' && c <= '9'; });
}

// A text, or the digits of a bare number: as an integer it might not fit, and as a floating-point
// number it would lose digits. Null is the empty text.
Result<void> ReadTextOrDigits(json::value& value, std::string_view where, std::string& text) {
  json::json_type type{};
  if (value.type().get(type) != SUCCESS || type != json::json_type::number) {
    return ReadText(value, where, text);
  }
  const std::string_view token = TrimWhitespace(value.raw_json_token());
  if (!IsWholeNumber(token)) return Fail(fmt::format("{} is not a text", where));
  text = token;
  return {};
}

// Null is none. An id must be fit to be shown, since it becomes a label's value as it is.
Result<void> ReadId(json::value& value, std::string_view where, std::string& id) {
  if (auto read = ReadTextOrDigits(value, where, id); !read) return read;
  if (id.size() > kMaxListedIdBytes) {
    return Fail(fmt::format("{} has {} bytes, more than {}", where, id.size(), kMaxListedIdBytes));
  }
  if (SanitizeForDisplay(id, kMaxListedIdBytes) != id) {
    return Fail(fmt::format("{} holds a control character", where));
  }
  return {};
}

Result<void> ReadShownText(json::value& value, std::string_view where, std::string& shown) {
  std::string text;
  if (auto read = ReadText(value, where, text); !read) return read;
  shown = SanitizeForDisplay(text, kMaxListedTextBytes);
  return {};
}

Result<void> ReadWebhook(json::value& value, bool& has_webhook) {
  std::string address;
  if (auto read = ReadText(value, "webhook_event_url", address); !read) return read;
  has_webhook = !address.empty();
  return {};
}

Result<void> ReadTags(json::value& value, std::vector<std::string>& tags) {
  if (IsNull(value)) return {};
  json::array elements;
  if (value.get_array().get(elements) != SUCCESS) return Fail("tags is not a list");
  tags.clear();
  for (auto element : elements) {
    if (tags.size() == kMaxListedTags) {
      return Fail(fmt::format("tags has more than {} entries", kMaxListedTags));
    }
    const std::string where = fmt::format("tags[{}]", tags.size());
    json::value tag;
    if (const auto error = std::move(element).get(tag)) return JsonFailure(where, error);
    if (auto read = ReadShownText(tag, where, tags.emplace_back()); !read) return read;
  }
  return {};
}

Result<void> ReadInbound(json::value& value, ListedConnection& connection) {
  return ForEachMember(value, "inbound", [&](std::string_view key, json::value& member) {
    if (key != "channel_limit") return Result<void>();
    return ReadCount(member, "inbound.channel_limit", connection.inbound_channel_limit);
  });
}

Result<void> ReadOutbound(json::value& value, ListedConnection& connection) {
  return ForEachMember(value, "outbound", [&](std::string_view key, json::value& member) {
    if (key == "channel_limit") {
      return ReadCount(member, "outbound.channel_limit", connection.outbound_channel_limit);
    }
    if (key == "outbound_voice_profile_id") {
      return ReadId(member, "outbound.outbound_voice_profile_id",
                    connection.outbound_voice_profile_id);
    }
    return Result<void>();
  });
}

Result<void> ReadMember(std::string_view key, json::value& value, ListedConnection& connection) {
  if (key == "id") return ReadId(value, "id", connection.id);
  if (key == "record_type") return ReadShownText(value, "record_type", connection.record_type);
  // The same thing by the names that the lists have for it.
  if (key == "connection_name") return ReadShownText(value, "connection_name", connection.name);
  if (key == "application_name") return ReadShownText(value, "application_name", connection.name);
  if (key == "friendly_name") return ReadShownText(value, "friendly_name", connection.name);
  if (key == "active") return ReadBool(value, "active", connection.active);
  if (key == "webhook_event_url") return ReadWebhook(value, connection.has_webhook);
  if (key == "outbound_voice_profile_id") {
    return ReadId(value, "outbound_voice_profile_id", connection.outbound_voice_profile_id);
  }
  if (key == "tags") return ReadTags(value, connection.tags);
  if (key == "inbound") return ReadInbound(value, connection);
  if (key == "outbound") return ReadOutbound(value, connection);
  return {};
}

Result<void> CheckComplete(const ListedConnection& connection) {
  if (connection.id.empty()) return Fail("id is missing");
  // Without it nobody knows whether the connection can have active calls.
  if (connection.record_type.empty()) return Fail("record_type is missing");
  return {};
}

Result<void> ReadMember(std::string_view key, json::value& value, ListedVoiceProfile& profile) {
  if (key == "id") return ReadId(value, "id", profile.id);
  if (key == "name") return ReadShownText(value, "name", profile.name);
  if (key == "enabled") return ReadBool(value, "enabled", profile.enabled);
  if (key == "concurrent_call_limit") {
    return ReadCount(value, "concurrent_call_limit", profile.concurrent_call_limit);
  }
  return {};
}

Result<void> CheckComplete(const ListedVoiceProfile& profile) {
  if (profile.id.empty()) return Fail("id is missing");
  return {};
}

template <typename Row>
Result<void> ReadRows(json::value& data, std::vector<Row>& rows) {
  return ForEachRow(data, [&](json::object& object, std::size_t index) -> Result<void> {
    const std::string place = RowPlace(index);
    Row row;
    auto read = ForEachMember(object, place, [&](std::string_view key, json::value& value) {
      return Within(place, ReadMember(key, value, row));
    });
    if (!read) return read;
    if (auto complete = CheckComplete(row); !complete) return Within(place, std::move(complete));
    rows.push_back(std::move(row));
    return {};
  });
}

Result<void> ReadMeta(json::value& value, ListPage& page) {
  json::object meta;
  if (value.get_object().get(meta) != SUCCESS) return Fail("meta is not an object");
  return ForEachMember(meta, "meta", [&](std::string_view key, json::value& member) {
    if (key == "page_number") return ReadCount(member, "meta.page_number", page.page_number);
    if (key == "page_size") return ReadCount(member, "meta.page_size", page.page_size);
    if (key == "total_pages") return ReadCount(member, "meta.total_pages", page.total_pages);
    if (key == "total_results") return ReadCount(member, "meta.total_results", page.total_results);
    return Result<void>();
  });
}

template <typename Row>
Result<ListPage> ReadList(json::parser& parser, std::string_view body, std::vector<Row>& rows) {
  ListPage page;
  const std::size_t rows_before = rows.size();
  const auto has_meta = ReadPage(
      parser, body, [&](json::value& data) { return ReadRows(data, rows); },
      [&](json::value& meta) { return ReadMeta(meta, page); });
  if (has_meta && *has_meta) {
    page.rows = rows.size() - rows_before;
    return page;
  }
  rows.resize(rows_before);
  return has_meta ? Fail("meta is missing") : std::unexpected(has_meta.error());
}

}  // namespace

struct ConnectionListParser::Buffers {
  json::parser parser;
};

ConnectionListParser::ConnectionListParser() : buffers_(std::make_unique<Buffers>()) {}
ConnectionListParser::~ConnectionListParser() = default;
ConnectionListParser::ConnectionListParser(ConnectionListParser&&) noexcept = default;
ConnectionListParser& ConnectionListParser::operator=(ConnectionListParser&&) noexcept = default;

Result<ListPage> ConnectionListParser::ParseConnections(
    std::string_view body, std::vector<ListedConnection>& connections) {
  return ReadList(buffers_->parser, body, connections);
}

Result<ListPage> ConnectionListParser::ParseVoiceProfiles(
    std::string_view body, std::vector<ListedVoiceProfile>& profiles) {
  return ReadList(buffers_->parser, body, profiles);
}

}  // namespace telnyx_exporter
