#include "telnyx/json_reader.h"

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

using simdjson::SUCCESS;

Result<void> ReadCursors(json::value& value, MetaFields& meta) {
  if (IsNull(value)) return {};
  json::object cursors;
  if (value.get_object().get(cursors) != SUCCESS) {
    meta.bad_cursor = "meta.cursors is not an object";
    return {};
  }
  return ForEachMember(cursors, std::string_view("meta.cursors"),
                       [&](std::string_view key, json::value& member) -> Result<void> {
                         if (key == "after" && !ReadText(member, meta.page.after)) {
                           meta.bad_cursor = "meta.cursors.after is not a string";
                         }
                         return {};
                       });
}

void ReadTotalPages(json::value& value, MetaFields& meta) {
  std::uint64_t bad = 0;
  ReadCount(value, meta.page.total_pages, bad);
  if (bad > 0) meta.bad_total_pages = "meta.total_pages is not a non-negative integer";
}

// Null, and whatever is empty, zero or false.
simdjson::simdjson_result<bool> IsNothing(json::value& value) {
  json::json_type type{};
  if (const auto error = value.type().get(type)) return error;
  if (type == json::json_type::array) {
    json::array array;
    if (const auto error = value.get_array().get(array)) return error;
    return array.is_empty();
  }
  if (type == json::json_type::object) {
    json::object object;
    if (const auto error = value.get_object().get(object)) return error;
    return object.is_empty();
  }
  const std::string_view token = TrimWhitespace(value.raw_json_token());
  return token == "null" || token == "false" || token == "0" || token == R"("")";
}

}  // namespace

std::unexpected<Error> JsonFailure(std::string_view where, simdjson::error_code error) {
  return Fail(where.empty() ? fmt::format("the body is not the JSON of a page: {}",
                                          simdjson::error_message(error))
                            : fmt::format("{}: {}", where, simdjson::error_message(error)));
}

Result<void> RefuseErrors(json::value& value) {
  bool none = false;
  if (const auto error = IsNothing(value).get(none)) return JsonFailure("", error);
  if (!none) return Fail("errors are reported beside the data");
  return {};
}

std::string RowPlace(std::size_t index) { return fmt::format("data[{}]", index); }

std::optional<std::uint64_t> ReadInteger(json::value& value) {
  std::uint64_t number = 0;
  if (value.get_uint64().get(number) == SUCCESS) return number;
  json::json_type type{};
  if (value.type().get(type) != SUCCESS || type != json::json_type::number) return std::nullopt;
  // As text, since a floating-point number would round what is large.
  std::string_view token = TrimWhitespace(value.raw_json_token());
  const std::size_t point = token.find('.');
  if (point == std::string_view::npos || point + 1 == token.size()) return std::nullopt;
  if (token.find_first_not_of('0', point + 1) != std::string_view::npos) return std::nullopt;
  token = token.substr(0, point);
  if (token.size() > 1 && token.front() == '0') return std::nullopt;
  return ParseUnsigned(token);
}

void ReadCount(json::value& value, std::optional<std::uint64_t>& count, std::uint64_t& ignored) {
  if (IsNull(value)) return;
  if (const auto number = ReadInteger(value)) {
    count = number;
  } else {
    ++ignored;
  }
}

bool ReadText(json::value& value, std::string& text) {
  if (IsNull(value)) return true;
  std::string_view view;
  if (value.get_string().get(view) != SUCCESS) return false;
  text = view;
  return true;
}

Result<void> ReadMeta(json::value& value, MetaFields& meta) {
  json::object members;
  if (value.get_object().get(members) != SUCCESS) {
    meta.bad_cursor = meta.bad_total_pages = "meta is not an object";
    return {};
  }
  PageInfo& page = meta.page;
  return ForEachMember(members, std::string_view("meta"),
                       [&](std::string_view key, json::value& member) -> Result<void> {
                         if (key == "cursors") return ReadCursors(member, meta);
                         if (key == "next" && !ReadText(member, meta.next)) {
                           meta.bad_next = "meta.next is not a string";
                         } else if (key == "page_number") {
                           ReadCount(member, page.page_number, page.ignored_fields);
                         } else if (key == "page_size") {
                           ReadCount(member, page.page_size, page.ignored_fields);
                         } else if (key == "total_pages") {
                           ReadTotalPages(member, meta);
                         } else if (key == "total_items" || key == "total_results") {
                           // The page-number form calls the same count total_results.
                           ReadCount(member, page.total_items, page.ignored_fields);
                         }
                         return {};
                       });
}

}  // namespace telnyx_exporter
