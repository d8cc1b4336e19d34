#pragma once

// Which rows a request's page has and what the page looks like, in both forms that the API knows:
// by cursor (page[limit], page[after], page[before]) and by number (page[number], page[size]). Pure
// functions over a view of the calls; any thread.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/call_world.h"
#include "simulator/cursor.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

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

/// How many of the view's legs have a number up to `leg_number`.
std::size_t CountUpTo(const CallView& view, std::uint64_t leg_number);

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
