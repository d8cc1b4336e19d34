#include "simulator/api.h"

#include <algorithm>
#include <charconv>
#include <expected>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "simulator/cursor.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr std::uint64_t kDefaultPageSize = 20;
constexpr std::uint64_t kMaxPageSize = 250;
constexpr std::string_view kPrefix = "/v2";
constexpr std::string_view kConnections = "/connections";
constexpr std::string_view kActiveCalls = "/active_calls";

using LegList = std::vector<std::shared_ptr<const Leg>>;
template <typename T>
using Answered = std::expected<T, HttpResponse>;

HttpResponse Json(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json; charset=utf-8"}},
          .body = std::make_shared<const std::string>(std::move(body))};
}

HttpResponse ErrorAnswer(int status, std::string_view code, std::string_view title,
                         std::string_view detail, std::string_view parameter = {}) {
  std::string source;
  if (!parameter.empty()) source = fmt::format(R"(,"source":{{"parameter":"{}"}})", parameter);
  return Json(status, fmt::format(R"({{"errors":[{{"code":"{}","title":"{}","detail":"{}"{}}}]}})",
                                  code, title, detail, source));
}

HttpResponse NotFound() {
  return ErrorAnswer(404, "10005", "Resource not found",
                     "The requested resource or URL could not be found.");
}

// A parameter that is a whole number from 1 to `most`, or `otherwise` when it is not there.
Answered<std::uint64_t> CountParameter(const HttpRequest& request, std::string_view name,
                                       std::uint64_t most, std::uint64_t otherwise) {
  const auto text = request.Query(name);
  if (!text) return otherwise;
  const auto number = ParseUnsigned(*text);
  if (number && *number >= 1 && *number <= most) return *number;
  return std::unexpected(
      ErrorAnswer(422, "10033", "Value outside of range",
                  fmt::format("The value is outside of allowed range 1 to {}", most), name));
}

// A parameter that is a cursor; an empty one is as good as none.
Answered<std::optional<std::uint64_t>> CursorParameter(const HttpRequest& request,
                                                       std::string_view name) {
  const auto text = request.Query(name);
  if (!text || text->empty()) return std::nullopt;
  if (const auto place = DecodeCursor(*text)) return place;
  return std::unexpected(
      ErrorAnswer(422, "10015", "Bad request", "The cursor is not one of ours.", name));
}

void AppendRow(std::string& body, const Leg& leg, SimTime now) {
  char digits[20];
  const auto [end, error] =
      std::to_chars(std::begin(digits), std::end(digits), DurationOf(leg, now));
  body += leg.row;
  body.append(digits, end);
  body += '}';
}

std::string RowsOf(const CallView& view, std::size_t first, std::size_t last) {
  std::string body;
  body.reserve((last - first) * 360 + 512);
  body += R"({"data":[)";
  for (std::size_t i = first; i < last; ++i) {
    if (i > first) body += ',';
    AppendRow(body, *view.legs[i], view.now);
  }
  body += R"(],"meta":{)";
  return body;
}

std::size_t FirstBehind(const LegList& legs, std::uint64_t number) {
  const auto behind = std::ranges::upper_bound(legs, number, {}, &Leg::number);
  return static_cast<std::size_t>(behind - legs.begin());
}

std::size_t FirstFrom(const LegList& legs, std::uint64_t number) {
  const auto from = std::ranges::lower_bound(legs, number, {}, &Leg::number);
  return static_cast<std::size_t>(from - legs.begin());
}

// A cursor and the path with it, as the API sends them: brackets raw, the limit left out.
void AppendCursorMeta(std::string& body, std::string_view connection_id, const std::string& after,
                      const std::string& before) {
  const auto quoted = [](const std::string& text) {
    return text.empty() ? std::string("null") : fmt::format("\"{}\"", text);
  };
  body += fmt::format(R"("cursors":{{"after":{},"before":{}}})", quoted(after), quoted(before));
  const auto path = [&](std::string_view which, const std::string& cursor) {
    return fmt::format("{}{}/{}{}?page[{}]={}", kPrefix, kConnections, connection_id, kActiveCalls,
                       which, cursor);
  };
  if (!after.empty()) body += fmt::format(R"(,"next":"{}")", path("after", after));
  if (!before.empty()) body += fmt::format(R"(,"previous":"{}")", path("before", before));
}

HttpResponse CursorPage(const HttpRequest& request, const CallView& view,
                        std::string_view connection_id) {
  const auto limit = CountParameter(request, "page[limit]", kMaxPageSize, kDefaultPageSize);
  if (!limit) return limit.error();
  const auto after = CursorParameter(request, "page[after]");
  if (!after) return after.error();
  const auto before = CursorParameter(request, "page[before]");
  if (!before) return before.error();

  const LegList& legs = view.legs;
  std::size_t first = *after ? FirstBehind(legs, **after) : 0;
  std::size_t last = legs.size();
  if (*before) {
    last = FirstFrom(legs, **before);
    first = std::max(first, last > *limit ? last - *limit : 0);
  }
  last = std::min<std::size_t>(last, first + *limit);

  std::string body = RowsOf(view, first, last);
  const bool rows = last > first;
  AppendCursorMeta(
      body, connection_id,
      rows && last < legs.size() ? EncodeCursor(legs[last - 1]->number) : std::string(),
      rows && first > 0 ? EncodeCursor(legs[first]->number) : std::string());
  body += fmt::format(R"(,"total_items":{}}}}})", legs.size());
  return Json(200, std::move(body));
}

// What page[number] and page[size] select of `total` things.
struct NumberedPage {
  std::uint64_t number;
  std::uint64_t size;
  std::size_t first;
  std::size_t last;

  std::string Meta(std::size_t total) const {
    return fmt::format(R"("page_number":{},"page_size":{},"total_pages":{},"total_results":{})",
                       number, size, (total + size - 1) / size, total);
  }
};

Answered<NumberedPage> SelectPage(const HttpRequest& request, std::size_t total) {
  const auto size = CountParameter(request, "page[size]", kMaxPageSize, kDefaultPageSize);
  if (!size) return std::unexpected(size.error());
  const auto number = CountParameter(request, "page[number]", 1'000'000'000, 1);
  if (!number) return std::unexpected(number.error());
  const std::size_t first = std::min<std::size_t>(total, (*number - 1) * *size);
  return NumberedPage{*number, *size, first, std::min<std::size_t>(total, first + *size)};
}

HttpResponse NumberPage(const HttpRequest& request, const CallView& view) {
  const auto page = SelectPage(request, view.legs.size());
  if (!page) return page.error();
  return Json(200, RowsOf(view, page->first, page->last) + page->Meta(view.legs.size()) + "}}");
}

void AppendConnection(std::string& body, const ConnectionSettings& connection) {
  body += R"({"id":)";
  AppendJsonString(body, connection.id);
  body += R"(,"record_type":)";
  AppendJsonString(body, connection.record_type);
  body += R"(,"connection_name":)";
  AppendJsonString(body, connection.name);
  body +=
      R"(,"active":true,"webhook_event_url":"https://example.com/webhook","outbound_voice_profile_id":null,"tags":[]})";
}

}  // namespace

Api::Api(ApiSettings settings, CallWorld& world, const Clock& clock)
    : settings_(std::move(settings)), world_(world) {
  if (settings_.requests_per_second > 0) quota_.emplace(clock, settings_.requests_per_second);
}

HttpResponse Api::Answer(const HttpRequest& request) {
  if (request.Header("Authorization") != "Bearer " + settings_.api_key) {
    return ErrorAnswer(401, "10009", "Authentication failed",
                       "The required authentication headers were either invalid or not included in "
                       "the request.");
  }
  if (!quota_) return Route(request);
  const RequestQuota::Verdict verdict = quota_->Take();
  HttpResponse response = verdict.allowed ? Route(request)
                                          : ErrorAnswer(429, "10011", "Too many requests",
                                                        "You have exceeded the limit.");
  response.headers.emplace_back("x-ratelimit-limit", std::to_string(quota_->per_second()));
  response.headers.emplace_back("x-ratelimit-remaining", std::to_string(verdict.remaining));
  response.headers.emplace_back("x-ratelimit-reset", std::to_string(verdict.reset_seconds));
  return response;
}

HttpResponse Api::Route(const HttpRequest& request) {
  std::string_view path = request.path();
  if (path.starts_with(kPrefix)) path.remove_prefix(kPrefix.size());
  if (!path.starts_with(kConnections)) return NotFound();
  path.remove_prefix(kConnections.size());
  const bool list = path.empty();
  const bool calls = path.starts_with('/') && path.ends_with(kActiveCalls) &&
                     path.size() > kActiveCalls.size() + 1;
  if (!list && !calls) return NotFound();
  if (request.method() != "GET" && request.method() != "HEAD") {
    HttpResponse response = ErrorAnswer(405, "10003", "Method not allowed", "Only GET is allowed.");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (list) return ListConnections(request);
  return ListActiveCalls(request, path.substr(1, path.size() - 1 - kActiveCalls.size()));
}

HttpResponse Api::ListActiveCalls(const HttpRequest& request, std::string_view connection_id) {
  const auto view = world_.View(connection_id);
  if (view == nullptr) return NotFound();
  const bool asks_for_number = request.Query("page[number]") || request.Query("page[size]");
  const bool by_number =
      settings_.paging == Paging::kNumber || (settings_.paging == Paging::kBoth && asks_for_number);
  return by_number ? NumberPage(request, *view) : CursorPage(request, *view, connection_id);
}

HttpResponse Api::ListConnections(const HttpRequest& request) {
  std::vector<const ConnectionSettings*> found;
  const std::string part = request.Query("filter[connection_name][contains]").value_or("");
  for (const ConnectionSettings& connection : world_.connections()) {
    if (connection.name.find(part) != std::string::npos) found.push_back(&connection);
  }
  const auto page = SelectPage(request, found.size());
  if (!page) return page.error();
  std::string body = R"({"data":[)";
  for (std::size_t i = page->first; i < page->last; ++i) {
    if (i > page->first) body += ',';
    AppendConnection(body, *found[i]);
  }
  return Json(200, body + R"(],"meta":{)" + page->Meta(found.size()) + "}}");
}

}  // namespace telnyx_exporter::simulator
