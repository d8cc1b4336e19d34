#include "telnyx/connection_list.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/text.h"
#include "telnyx/json_reader.h"

namespace telnyx_exporter {
namespace {

using simdjson::SUCCESS;

bool IsDigits(std::string_view token) {
  return !token.empty() && (token == "0" || token.front() != '0') &&
         std::ranges::all_of(token, [](char c) { return c >= '0' && c <= '9'; });
}

// A string, or the digits of a bare number: as an integer it might not fit, and as a floating-point
// number it would lose digits. Null is the empty string.
bool ReadTextOrDigits(json::value& value, std::string& text) {
  json::json_type type{};
  if (value.type().get(type) != SUCCESS || type != json::json_type::number) {
    return ReadText(value, text);
  }
  const std::string_view token = TrimWhitespace(value.raw_json_token());
  if (!IsDigits(token)) return false;
  text = token;
  return true;
}

// Reads the members of one row. A field that decides whether the connection is polled, or that
// becomes a label, makes the row unusable when it cannot be read; a limit is then not known. Both
// kinds of Result fail only when the body is no JSON there.
class EntryReader {
 public:
  explicit EntryReader(std::uint64_t& ignored) : ignored_(ignored) {}

  template <typename Row>
  Result<void> Read(json::value& value, std::size_t index, Row& row) {
    json::object object;
    if (value.get_object().get(object) != SUCCESS) {
      usable_ = false;
      return {};
    }
    return ForEachMember(object, index, [&](std::string_view key, json::value& member) {
      return ReadMember(key, member, row);
    });
  }

  bool usable() const { return usable_; }

 private:
  Result<void> ReadMember(std::string_view key, json::value& value, ListedConnection& row) {
    if (key == "tags") return ReadTags(value, row.tags);
    if (key == "inbound") return ReadInbound(value, row);
    if (key == "outbound") return ReadOutbound(value, row);
    if (key == "id") {
      ReadId(value, row.id);
    } else if (key == "record_type") {
      ReadShownText(value, row.record_type);
    } else if (key == "connection_name" || key == "application_name" || key == "friendly_name") {
      // The same thing by the names that the lists have for it. An empty one takes nothing back.
      std::string name;
      ReadShownText(value, name);
      if (!name.empty()) row.name = std::move(name);
    } else if (key == "webhook_event_url") {
      std::string address;
      Need(ReadText(value, address));
      row.has_webhook = !address.empty();
    } else if (key == "outbound_voice_profile_id") {
      ReadId(value, row.outbound_voice_profile_id);
    }
    return {};
  }

  Result<void> ReadMember(std::string_view key, json::value& value, ListedVoiceProfile& row) {
    if (key == "id") ReadId(value, row.id);
    if (key == "name") ReadShownText(value, row.name);
    if (key == "concurrent_call_limit") ReadCount(value, row.concurrent_call_limit, ignored_);
    return {};
  }

  // An id must be fit to be shown, since it becomes a label's value as it is.
  void ReadId(json::value& value, std::string& id) {
    Need(ReadTextOrDigits(value, id) && id.size() <= kMaxListedIdBytes &&
         SanitizeForDisplay(id, kMaxListedIdBytes) == id);
  }

  void ReadShownText(json::value& value, std::string& shown) {
    std::string text;
    Need(ReadText(value, text));
    shown = SanitizeForDisplay(text, kMaxListedTextBytes);
  }

  Result<void> ReadTags(json::value& value, std::vector<std::string>& tags) {
    if (IsNull(value)) return {};
    json::array elements;
    Need(value.get_array().get(elements) == SUCCESS);
    if (!usable_) return {};
    tags.clear();
    for (auto element : elements) {
      json::value tag;
      if (const auto error = std::move(element).get(tag)) return JsonFailure("tags", error);
      Need(tags.size() < kMaxListedTags);
      if (!usable_) return {};
      ReadShownText(tag, tags.emplace_back());
    }
    return {};
  }

  Result<void> ReadInbound(json::value& value, ListedConnection& row) {
    return ReadLimits(value, [&](std::string_view key, json::value& member) {
      if (key == "channel_limit") ReadCount(member, row.inbound_channel_limit, ignored_);
      return Result<void>();
    });
  }

  Result<void> ReadOutbound(json::value& value, ListedConnection& row) {
    return ReadLimits(value, [&](std::string_view key, json::value& member) {
      if (key == "channel_limit") ReadCount(member, row.outbound_channel_limit, ignored_);
      if (key == "outbound_voice_profile_id") ReadId(member, row.outbound_voice_profile_id);
      return Result<void>();
    });
  }

  template <typename ReadOne>
  Result<void> ReadLimits(json::value& value, ReadOne read) {
    if (IsNull(value)) return {};
    json::object limits;
    if (value.get_object().get(limits) == SUCCESS) {
      return ForEachMember(limits, std::string_view("channel limits"), read);
    }
    ++ignored_;
    return {};
  }

  void Need(bool readable) { usable_ = usable_ && readable; }

  std::uint64_t& ignored_;
  bool usable_ = true;
};

// Without its kind it is unknown whether a connection can have active calls.
bool IsComplete(const ListedConnection& row) { return !row.id.empty() && !row.record_type.empty(); }
bool IsComplete(const ListedVoiceProfile& row) { return !row.id.empty(); }

bool IsShowableId(const std::string& id) {
  return !id.empty() && id.size() <= kMaxListedIdBytes &&
         SanitizeForDisplay(id, kMaxListedIdBytes) == id;
}

template <typename Row>
Result<void> ReadEntries(json::value& data, std::vector<Row>& rows, PageInfo& page,
                         RowsLeftOut& unusable) {
  return ForEachElement(data, [&](json::value& value, std::size_t index) -> Result<void> {
    Row row;
    EntryReader reader(page.ignored_fields);
    if (auto read = reader.Read(value, index, row); !read) return read;
    if (page.rows++ == 0 && !row.id.empty()) page.first_row = ParseCallId(row.id);
    if (reader.usable() && IsComplete(row)) {
      rows.push_back(std::move(row));
    } else {
      unusable.Add(IsShowableId(row.id) ? row.id : RowPlace(index));
    }
    return {};
  });
}

template <typename Row>
Result<PageInfo> ReadList(json::parser& parser, std::string_view body, std::vector<Row>& rows,
                          RowsLeftOut& unusable) {
  MetaFields meta;
  RowsLeftOut left_out = unusable;
  const std::size_t rows_before = rows.size();
  const auto has_meta = ReadPage(
      parser, body, [&](json::value& data) { return ReadEntries(data, rows, meta.page, left_out); },
      [&](json::value& value) { return ReadMeta(value, meta); });
  std::string problem;
  if (!has_meta) {
    problem = has_meta.error().message;
  } else if (!*has_meta) {
    problem = "meta is missing";
  } else {
    problem = meta.bad_total_pages;
  }
  if (problem.empty()) {
    unusable = std::move(left_out);
    return std::move(meta.page);
  }
  rows.resize(rows_before);
  return Fail(std::move(problem));
}

constexpr std::array<std::string_view, 2> kApplications = {"call_control_application",
                                                           "texml_application"};
constexpr std::array<std::string_view, 3> kSipConnections = {"credential_connection",
                                                             "fqdn_connection", "ip_connection"};

bool IsOneOf(std::string_view record_type, std::span<const std::string_view> kinds) {
  return std::ranges::find(kinds, record_type) != kinds.end();
}

}  // namespace

void RowsLeftOut::Add(std::string_view name) {
  ++count;
  if (names.size() < kMaxNamedRows) names.emplace_back(name);
}

struct ConnectionListParser::Buffers {
  json::parser parser;
};

ConnectionListParser::ConnectionListParser()
    : buffers_(new Buffers, [](Buffers* buffers) { delete buffers; }) {}

Result<PageInfo> ConnectionListParser::ParseConnections(std::string_view body,
                                                        std::vector<ListedConnection>& connections,
                                                        RowsLeftOut& unusable) {
  return ReadList(buffers_->parser, body, connections, unusable);
}

Result<PageInfo> ConnectionListParser::ParseVoiceProfiles(std::string_view body,
                                                          std::vector<ListedVoiceProfile>& profiles,
                                                          RowsLeftOut& unusable) {
  return ReadList(buffers_->parser, body, profiles, unusable);
}

Result<std::optional<std::uint64_t>> ConnectionListParser::ParseInboundChannels(
    std::string_view body) {
  std::optional<std::uint64_t> channels;
  std::uint64_t ignored = 0;
  const auto read_data = [&](json::value& data) -> Result<void> {
    json::object object;
    if (data.get_object().get(object) != SUCCESS) return Fail("data is not an object");
    return ForEachMember(object, std::string_view("data"),
                         [&](std::string_view key, json::value& value) {
                           if (key == "channels") ReadCount(value, channels, ignored);
                           return Result<void>();
                         });
  };
  const auto read =
      ReadPage(buffers_->parser, body, read_data, [](json::value&) { return Result<void>(); });
  if (!read) return std::unexpected(read.error());
  return channels;
}

bool IsPollable(const ListedConnection& connection) {
  return IsOneOf(connection.record_type, kApplications) ||
         (connection.has_webhook && IsOneOf(connection.record_type, kSipConnections));
}

}  // namespace telnyx_exporter
