#include "simulator/answers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kCursorPrefix = "v1:g3Q";
constexpr std::string_view kMiddle = "+/";
constexpr std::string_view kSuffix = "==";
constexpr std::size_t kDigits = 11;  // of six bits each
// Neighbouring places look nothing alike.
constexpr std::uint64_t kScatter = 0x5bd1e9955bd1e995ULL;
constexpr std::uint64_t kBackwards = std::uint64_t{1} << 63U;

constexpr std::uint64_t kDefaultPageSize = 20;
constexpr std::uint64_t kMaxPageSize = 250;
constexpr std::uint64_t kMaxPageNumber = 1'000'000'000;
constexpr std::size_t kBytesOfRow = 360;
constexpr std::size_t kBytesOfMeta = 512;

// A parameter that is an integer from 1 to `most`, or `otherwise` when it is not there.
Asked<std::uint64_t> CountParameter(const HttpRequest& request, std::string_view name,
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
Asked<std::optional<Place>> CursorParameter(const HttpRequest& request, std::string_view name) {
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

// Up to and with the brace that opens `meta`.
std::string RowsOf(const CallView& view, std::size_t first, std::size_t last) {
  std::string body;
  body.reserve((last - first) * kBytesOfRow + kBytesOfMeta);
  body += R"({"data":[)";
  for (std::size_t i = first; i < last; ++i) {
    if (i > first) body += ',';
    AppendRow(body, *view.legs[i], view.now);
  }
  body += R"(],"meta":{)";
  return body;
}

// A cursor and the path with it, as the API sends them: brackets raw, the limit left out.
void AppendCursorMeta(std::string& body, std::string_view connection_id, const CursorPage& page) {
  const auto quoted = [](const std::string& text) {
    return text.empty() ? std::string("null") : fmt::format("\"{}\"", text);
  };
  body += fmt::format(R"("cursors":{{"after":{},"before":{}}})", quoted(page.after),
                      quoted(page.before));
  const auto path = [&](std::string_view which, const std::string& cursor) {
    return fmt::format("/v2/connections/{}/active_calls?page[{}]={}", connection_id, which, cursor);
  };
  if (!page.after.empty()) body += fmt::format(R"(,"next":"{}")", path("after", page.after));
  if (!page.before.empty()) body += fmt::format(R"(,"previous":"{}")", path("before", page.before));
}

// How many of the view's legs have a number up to this one.
std::size_t CountUpTo(const CallView& view, std::uint64_t leg_number) {
  const auto end = std::ranges::upper_bound(view.legs, leg_number, {}, &Leg::number);
  return static_cast<std::size_t>(end - view.legs.begin());
}

// How many have a lower number.
std::size_t CountBelow(const CallView& view, std::uint64_t leg_number) {
  const auto from = std::ranges::lower_bound(view.legs, leg_number, {}, &Leg::number);
  return static_cast<std::size_t>(from - view.legs.begin());
}

CursorPage SelectBackwards(const CallView& view, Place after, std::uint64_t limit) {
  const std::size_t last = CountBelow(view, after.leg_number);
  CursorPage page{.first = last > limit ? last - limit : 0, .last = last};
  if (page.first > 0) page.after = EncodeCursor({view.legs[page.first]->number, true});
  return page;
}

}  // namespace

std::string JsonText(std::string_view text) {
  std::string json;
  AppendJsonString(json, text);
  return json;
}

HttpResponse JsonAnswer(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json; charset=utf-8"}},
          .body = std::make_shared<const std::string>(std::move(body))};
}

HttpResponse ErrorAnswer(int status, std::string_view code, std::string_view title,
                         std::string_view detail, std::string_view parameter) {
  std::string source;
  if (!parameter.empty()) source = fmt::format(R"(,"source":{{"parameter":"{}"}})", parameter);
  return JsonAnswer(
      status, fmt::format(R"({{"errors":[{{"code":"{}","title":"{}","detail":"{}"{}}}]}})", code,
                          title, detail, source));
}

HttpResponse HtmlAnswer(int status) {
  return {.status = status,
          .headers = {{"Content-Type", "text/html; charset=utf-8"}},
          .body = std::make_shared<const std::string>(
              "<html>\n<head><title>Simulated maintenance</title></head>\n"
              "<body><h1>We will be back soon</h1></body>\n</html>\n")};
}

HttpResponse KeyRefused() {
  return ErrorAnswer(401, "10009", "Authentication failed",
                     "The required authentication headers were either invalid or not included in "
                     "the request.");
}

HttpResponse NotFound() {
  return ErrorAnswer(404, "10005", "Resource not found",
                     "The requested resource or URL could not be found.");
}

HttpResponse TooManyRequests() {
  return ErrorAnswer(429, "10011", "Too many requests", "You have exceeded the limit.");
}

std::string EncodeCursor(Place place) {
  std::uint64_t scattered = (place.leg_number | (place.backwards ? kBackwards : 0)) ^ kScatter;
  std::array<char, kDigits> digits{};
  for (char& digit : digits) {
    digit = kAlphabet[scattered & 63U];
    scattered >>= 6U;
  }
  std::string cursor(kCursorPrefix);
  cursor += kMiddle;
  cursor.append(digits.data(), digits.size());
  cursor += kSuffix;
  return cursor;
}

std::optional<Place> DecodeCursor(std::string_view cursor) {
  const std::size_t head = kCursorPrefix.size() + kMiddle.size();
  if (cursor.size() != head + kDigits + kSuffix.size()) return std::nullopt;
  std::uint64_t scattered = 0;
  for (std::size_t i = kDigits; i-- > 0;) {
    const std::size_t digit = kAlphabet.find(cursor[head + i]);
    if (digit == std::string_view::npos) return std::nullopt;
    scattered = scattered << 6U | digit;
  }
  const std::uint64_t bits = scattered ^ kScatter;
  const Place place{.leg_number = bits & ~kBackwards, .backwards = (bits & kBackwards) != 0};
  if (EncodeCursor(place) != cursor) return std::nullopt;
  return place;
}

Asked<CursorQuery> ReadCursorQuery(const HttpRequest& request) {
  const auto limit = CountParameter(request, "page[limit]", kMaxPageSize, kDefaultPageSize);
  if (!limit) return std::unexpected(limit.error());
  const auto after = CursorParameter(request, "page[after]");
  if (!after) return std::unexpected(after.error());
  const auto before = CursorParameter(request, "page[before]");
  if (!before) return std::unexpected(before.error());
  return CursorQuery{.limit = *limit, .after = *after, .before = *before};
}

CursorPage SelectCursorPage(const CallView& view, const CursorQuery& query) {
  if (query.after && query.after->backwards) {
    return SelectBackwards(view, *query.after, query.limit);
  }
  const auto& legs = view.legs;
  CursorPage page{.first = query.after ? CountUpTo(view, query.after->leg_number) : 0,
                  .last = legs.size()};
  if (query.before) {
    page.last = CountBelow(view, query.before->leg_number);
    page.first = std::max(page.first, page.last > query.limit ? page.last - query.limit : 0);
  }
  page.last = std::min<std::size_t>(page.last, page.first + query.limit);
  if (page.last <= page.first) return {.first = page.first, .last = page.first};
  if (page.last < legs.size()) page.after = EncodeCursor({legs[page.last - 1]->number});
  if (page.first > 0) page.before = EncodeCursor({legs[page.first]->number});
  return page;
}

HttpResponse CursorPageAnswer(const CallView& view, std::string_view connection_id,
                              const CursorPage& page) {
  std::string body = RowsOf(view, page.first, page.last);
  AppendCursorMeta(body, connection_id, page);
  body += fmt::format(R"(,"total_items":{}}}}})", view.legs.size());
  return JsonAnswer(200, std::move(body));
}

std::string NumberedPage::Meta() const {
  return fmt::format(R"("page_number":{},"page_size":{},"total_pages":{},"total_results":{})",
                     number, size, (total + size - 1) / size, total);
}

Asked<NumberedPage> ReadNumberedPage(const HttpRequest& request, std::size_t total) {
  const auto size = CountParameter(request, "page[size]", kMaxPageSize, kDefaultPageSize);
  if (!size) return std::unexpected(size.error());
  const auto number = CountParameter(request, "page[number]", kMaxPageNumber, 1);
  if (!number) return std::unexpected(number.error());
  const std::size_t first = std::min<std::size_t>(total, (*number - 1) * *size);
  return NumberedPage{.number = *number,
                      .size = *size,
                      .first = first,
                      .last = std::min<std::size_t>(total, first + *size),
                      .total = total};
}

HttpResponse NumberedPageAnswer(const CallView& view, const NumberedPage& page) {
  return JsonAnswer(200, RowsOf(view, page.first, page.last) + page.Meta() + "}}");
}

}  // namespace telnyx_exporter::simulator
