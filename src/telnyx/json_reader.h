#pragma once

// What the readers of the API's pages share: a body's members one by one, with errors that say
// where and never hold a text of the body. For this library's sources alone, since it shows
// simdjson. Nothing here allocates unless it fails or keeps a text.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "base/error.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {

namespace json = simdjson::ondemand;

/// The bytes that simdjson may read after a document; the transport promises as many.
inline constexpr std::size_t kJsonPadding = 64;
static_assert(simdjson::SIMDJSON_PADDING <= kJsonPadding);

/// The library's own words for what is wrong at `where`; empty: with the body as a whole.
std::unexpected<Error> JsonFailure(std::string_view where, simdjson::error_code error);

/// `result`, with `where` put before its error's place.
Result<void> Within(std::string_view where, Result<void> result);

inline bool IsNull(json::value& value) {
  json::json_type type{};
  bool null = false;
  return value.type().get(type) == simdjson::SUCCESS && type == json::json_type::null &&
         value.is_null().get(null) == simdjson::SUCCESS && null;
}

/// A non-negative integer: 12, and 12.0 as some writers put it. Nothing for anything else.
std::optional<std::uint64_t> ReadInteger(json::value& value);

/// An optional count: null is nothing. What is no count is nothing too and adds to `ignored`.
void ReadCount(json::value& value, std::optional<std::uint64_t>& count, std::uint64_t& ignored);

/// An optional string: null is the empty one. False, and `text` as it was, when it is no string.
bool ReadText(json::value& value, std::string& text);

/// What a page's `meta` says, before it is checked for what it lacks. Nothing in it fails a page
/// by itself: `page.ignored_fields` counts what could not be read.
struct MetaFields {
  PageInfo page;  // without rows and without the cursor of `next`
  std::string next;
  // Not empty: why a field that may name the next page cannot be used.
  std::string_view bad_cursor;
  std::string_view bad_next;
  std::string_view bad_total_pages;
};

/// Fails only when the body is no JSON there.
Result<void> ReadMeta(json::value& value, MetaFields& meta);

/// `data[3]`.
std::string RowPlace(std::size_t index);

/// A place in words: as it is, or of a row, whose words are needed for an error only.
inline std::string_view PlaceText(std::string_view where) { return where; }
inline std::string PlaceText(std::size_t row) { return RowPlace(row); }

/// Calls `read(key, value)` for every member; stops at its first error. `where` as for PlaceText.
template <typename Where, typename Read>
Result<void> ForEachMember(json::object& object, const Where& where, Read read) {
  for (auto member : object) {
    if (const auto error = member.error()) return JsonFailure(PlaceText(where), error);
    // Where it is: a copy of what was just written in pieces would have to wait for them.
    json::field&& field = std::move(member).value_unsafe();
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) {
      return JsonFailure(PlaceText(where), error);
    }
    if (auto result = read(key, field.value()); !result) return result;
  }
  return {};
}

/// Calls `read(value, index)` for every element of the list `data`; stops at its first error.
template <typename Read>
Result<void> ForEachElement(json::value& data, Read read) {
  json::array elements;
  if (data.get_array().get(elements) != simdjson::SUCCESS) return Fail("data is not a list");
  std::size_t index = 0;
  for (auto element : elements) {
    json::value value;
    if (const auto error = std::move(element).get(value)) {
      return JsonFailure(RowPlace(index), error);
    }
    if (auto result = read(value, index); !result) return result;
    ++index;
  }
  return {};
}

/// Fails when there is an error, in whatever form: what came with it is not to be trusted.
Result<void> RefuseErrors(json::value& value);

/// Reads a whole page: calls `read_data(value)` for its `data`, which must be there, and
/// `read_meta(value)` for its `meta`, and returns whether that was there. Neither may be there
/// twice, and nothing may follow the page. A byte order mark is skipped. `body` must be followed by
/// kJsonPadding readable bytes.
template <typename ReadData, typename ReadMeta>
Result<bool> ReadPage(json::parser& parser, std::string_view body, ReadData read_data,
                      ReadMeta read_meta) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  json::document document;
  const simdjson::padded_string_view padded(body.data(), body.size(), body.size() + kJsonPadding);
  if (const auto error = parser.iterate(padded).get(document)) return JsonFailure("", error);
  json::object page;
  if (const auto error = document.get_object().get(page)) return JsonFailure("", error);
  bool has_data = false;
  bool has_meta = false;
  auto read = ForEachMember(page, "", [&](std::string_view key, json::value& value) {
    if (key == "data") {
      if (std::exchange(has_data, true)) return Result<void>(Fail("duplicate data"));
      return read_data(value);
    }
    if (key == "meta") {
      if (std::exchange(has_meta, true)) return Result<void>(Fail("duplicate meta"));
      return read_meta(value);
    }
    return key == "errors" ? RefuseErrors(value) : Result<void>();
  });
  if (!read) return std::unexpected(std::move(read.error()));
  if (!document.current_location().error()) return Fail("trailing content after the JSON document");
  if (!has_data) return Fail("data is missing");
  return has_meta;
}

}  // namespace telnyx_exporter
