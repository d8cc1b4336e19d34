#pragma once

// The forms in which the API, and a gateway in front of it, answer: errors, and pages of rows in
// both forms that the API knows, by cursor (page[limit], page[after], page[before]) and by number
// (page[number], page[size]). Pure functions over a view of the calls; any thread.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/call_world.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

/// A text as a JSON string, which is a YAML string too.
std::string JsonText(std::string_view text);

HttpResponse JsonAnswer(int status, std::string body);

/// The API's error form with one entry. The texts go into the JSON as they are.
HttpResponse ErrorAnswer(int status, std::string_view code, std::string_view title,
                         std::string_view detail, std::string_view parameter = {});

/// What a proxy in front of an API shows to people when something is wrong.
HttpResponse HtmlAnswer(int status);

// The errors that more than one place answers with.
HttpResponse KeyRefused();
HttpResponse NotFound();
HttpResponse TooManyRequests();

/// Where a page begins in a connection's legs: after that leg, or before it in a walk that goes
/// backwards. The order is part of the place, so that a walk ends in the order in which it began.
struct Place {
  std::uint64_t leg_number = 0;  // below 2^63
  bool backwards = false;

  bool operator==(const Place&) const = default;
};

/// The place as the opaque text that a client gets: it holds : + / and =, so a client that does not
/// encode it loses its place.
std::string EncodeCursor(Place place);

/// Nothing for a text that EncodeCursor did not make.
std::optional<Place> DecodeCursor(std::string_view cursor);

/// What was asked for, or the answer that refuses it.
template <typename T>
using Asked = std::expected<T, HttpResponse>;

struct CursorQuery {
  std::uint64_t limit = 0;
  std::optional<Place> after;
  std::optional<Place> before;
};
Asked<CursorQuery> ReadCursorQuery(const HttpRequest& request);

/// The legs of a view from `first` up to but not `last`, and the cursors that lead on and back;
/// empty: nothing is there.
struct CursorPage {
  std::size_t first = 0;
  std::size_t last = 0;
  std::string after;
  std::string before;
};
CursorPage SelectCursorPage(const CallView& view, const CursorQuery& query);
HttpResponse CursorPageAnswer(const CallView& view, std::string_view connection_id,
                              const CursorPage& page);

/// What page[number] and page[size] select of `total` things.
struct NumberedPage {
  std::uint64_t number = 1;
  std::uint64_t size = 0;
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t total = 0;

  /// The members of `meta`.
  std::string Meta() const;
};
Asked<NumberedPage> ReadNumberedPage(const HttpRequest& request, std::size_t total);
HttpResponse NumberedPageAnswer(const CallView& view, const NumberedPage& page);

}  // namespace telnyx_exporter::simulator
