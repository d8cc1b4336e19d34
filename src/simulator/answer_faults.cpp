#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/gzip.h"
#include "simulator/answers.h"
#include "simulator/faults.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr std::size_t kHugeErrorBytes = 5'000'000;
constexpr std::uint64_t kWrongTotalBy = 7;

void SetBody(HttpResponse& response, std::string body) {
  response.body = std::make_shared<const std::string>(std::move(body));
}

// The API's own answer with its body changed by `change`.
template <typename Change>
HttpResponse WithBody(const FaultyRequest& faulty, Change change) {
  HttpResponse response = faulty.api.Answer(faulty.request);
  std::string body = response.body ? *response.body : std::string();
  change(body);
  SetBody(response, std::move(body));
  return response;
}

HttpResponse WithHeaders(HttpResponse response,
                         std::initializer_list<std::pair<std::string, std::string>> headers) {
  response.headers.insert(response.headers.end(), headers);
  return response;
}

void ReplaceFirst(std::string& text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), with);
}

// Calls `change(number)` for each number that follows `key` and writes what it returns instead.
template <typename Change>
void ReplaceNumbers(std::string& text, std::string_view key, Change change) {
  std::string changed;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t at = text.find(key, from);
    const std::size_t begin = at == std::string::npos ? text.size() : at + key.size();
    changed.append(text, from, begin - from);
    from = begin;
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(text.data() + begin, text.data() + text.size(), number);
    if (error != std::errc()) continue;
    changed += change(number);
    from = static_cast<std::size_t>(end - text.data());
  }
  text = std::move(changed);
}

// What is in the first "total_items".
template <typename Change>
WireAnswer WithTotal(const FaultyRequest& faulty, Change change) {
  return WithBody(faulty,
                  [&](std::string& body) { ReplaceNumbers(body, R"("total_items":)", change); });
}

template <typename Change>
WireAnswer WithDurations(const FaultyRequest& faulty, Change change) {
  return WithBody(faulty,
                  [&](std::string& body) { ReplaceNumbers(body, R"("call_duration":)", change); });
}

// As the API answers where it has a form for the status, with HTML from 500 on, else without a
// body.
HttpResponse StatusAnswer(int status) {
  switch (status) {
    case 401:
      return KeyRefused();
    case 403:
      return ErrorAnswer(403, "10010", "Authorization failed",
                         "You do not have permission to perform the requested action.");
    case 404:
      return NotFound();
    case 422:
      return ErrorAnswer(422, "10015", "Bad request", "The connection has no webhook address.");
    case 429:
      return TooManyRequests();
    default:
      return status >= 500 ? HtmlAnswer(status) : HttpResponse{.status = status};
  }
}

template <int kStatus>
WireAnswer AnswerStatus(const FaultyRequest& /*faulty*/) {
  return StatusAnswer(kStatus);
}

template <int kStatus>
WireAnswer Redirect(const FaultyRequest& faulty) {
  std::string location = faulty.redirect_target;
  location += faulty.request.path();
  if (!faulty.request.query().empty()) location.append("?").append(faulty.request.query());
  return HttpResponse{.status = kStatus, .headers = {{"Location", std::move(location)}}};
}

// A gateway's answer whose body cannot be read: it is in an encoding that was not asked for.
HttpResponse Undecodable(HttpResponse response) {
  SetBody(response, "\x0b\x02\x80not brotli\x03");
  return WithHeaders(std::move(response), {{"Content-Encoding", "br"}});
}

HttpResponse EmptyBody(HttpResponse response) {
  response.body = nullptr;
  return response;
}

WireAnswer LimitRate(const FaultyRequest& /*faulty*/) {
  return WithHeaders(TooManyRequests(), {{"Retry-After", "1"},
                                         {"x-ratelimit-limit", "10"},
                                         {"x-ratelimit-remaining", "0"},
                                         {"x-ratelimit-reset", "1"}});
}

WireAnswer LimitRateUndecodable(const FaultyRequest& /*faulty*/) {
  return WithHeaders(Undecodable(TooManyRequests()), {{"Retry-After", "2"}});
}

WireAnswer LimitRateUntilTime(const FaultyRequest& /*faulty*/) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return WithHeaders(EmptyBody(TooManyRequests()),
                     {{"x-ratelimit-limit", "10"},
                      {"x-ratelimit-remaining", "0"},
                      {"x-ratelimit-reset", std::to_string(now.time_since_epoch().count() + 2)}});
}

WireAnswer RefuseKeyUndecodable(const FaultyRequest& /*faulty*/) {
  return Undecodable(KeyRefused());
}

WireAnswer ForbidWithEmptyBody(const FaultyRequest& /*faulty*/) {
  return EmptyBody(StatusAnswer(403));
}

WireAnswer FailWithHugeBody(const FaultyRequest& /*faulty*/) {
  HttpResponse response = HtmlAnswer(502);
  SetBody(response, std::string(kHugeErrorBytes, ' '));
  return response;
}

WireAnswer UseUpQuota(const FaultyRequest& faulty) {
  return WithHeaders(
      faulty.api.Answer(faulty.request),
      {{"x-ratelimit-limit", "10"}, {"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "60"}});
}

WireAnswer TellHugeQuota(const FaultyRequest& faulty) {
  return WithHeaders(faulty.api.Answer(faulty.request),
                     {{"x-ratelimit-limit", "18446744073709551615"},
                      {"x-ratelimit-remaining", "18446744073709551615"},
                      {"x-ratelimit-reset", "60"}});
}

WireAnswer TellNonsenseQuota(const FaultyRequest& faulty) {
  return WithHeaders(faulty.api.Answer(faulty.request), {{"x-ratelimit-limit", "many"},
                                                         {"x-ratelimit-remaining", "-1"},
                                                         {"x-ratelimit-reset", "1e999"},
                                                         {"Retry-After", "soon"}});
}

WireAnswer TruncateGzip(const FaultyRequest& faulty) {
  return WithHeaders(WithBody(faulty,
                              [](std::string& body) {
                                body = Gzip(body, GzipLevel::kSmall);
                                body.resize(body.size() / 2);
                              }),
                     {{"Content-Encoding", "gzip"}});
}

WireAnswer NameNoEncoding(const FaultyRequest& faulty) {
  const char* const name = faulty.random % 2 == 0 ? "none" : "identity";
  return WithHeaders(faulty.api.Answer(faulty.request), {{"Content-Encoding", name}});
}

WireAnswer AnswerEmpty(const FaultyRequest& faulty) {
  return WithBody(faulty, [](std::string& body) { body.clear(); });
}

WireAnswer TruncateJson(const FaultyRequest& faulty) {
  return WithBody(faulty, [](std::string& body) { body.resize(body.size() / 2); });
}

WireAnswer AnswerInvalidUtf8(const FaultyRequest& faulty) {
  return WithBody(
      faulty, [](std::string& body) { ReplaceFirst(body, "{", "{\"note\":\"\xc3\x28\xff\","); });
}

WireAnswer AnswerWithByteOrderMark(const FaultyRequest& faulty) {
  return WithBody(faulty, [](std::string& body) { body.insert(0, "\xef\xbb\xbf"); });
}

struct Replacement {
  std::string_view what;
  std::string_view with;
};
// Each leaves valid JSON in which one value has another type.
constexpr std::array kWrongTypes = {
    Replacement{R"("call_duration":)", R"("call_duration":"long","was":)"},
    Replacement{R"("call_leg_id":)", R"("call_leg_id":7,"was":)"},
    Replacement{R"("data":)", R"("data":{},"was":)"},
    Replacement{R"("meta":)", R"("meta":[],"was":)"},
    Replacement{R"("after":)", R"("after":7,"was":)"},
};

WireAnswer AnswerWrongTypes(const FaultyRequest& faulty) {
  return WithBody(faulty, [&](std::string& body) {
    const Replacement& chosen = kWrongTypes[faulty.random % kWrongTypes.size()];
    ReplaceFirst(body, chosen.what, chosen.with);
  });
}

WireAnswer AnswerHtml(const FaultyRequest& /*faulty*/) { return HtmlAnswer(200); }

WireAnswer AnswerNegativeDurations(const FaultyRequest& faulty) {
  return WithDurations(faulty, [](std::uint64_t seconds) { return fmt::format("-{}", seconds); });
}

WireAnswer AnswerDecimalDurations(const FaultyRequest& faulty) {
  return WithDurations(faulty, [](std::uint64_t seconds) { return fmt::format("{}.0", seconds); });
}

// Every other answer, as from a second replica whose clock is a second slow.
WireAnswer AnswerSkewedDurations(const FaultyRequest& faulty) {
  const std::uint64_t skew = faulty.random % 2;
  return WithDurations(faulty, [skew](std::uint64_t seconds) {
    return std::to_string(seconds - std::min(seconds, skew));
  });
}

WireAnswer AnswerWrongTotal(const FaultyRequest& faulty) {
  return WithTotal(faulty,
                   [](std::uint64_t total) { return std::to_string(total + kWrongTotalBy); });
}

WireAnswer AnswerTotalAsText(const FaultyRequest& faulty) {
  return WithTotal(faulty, [](std::uint64_t total) { return fmt::format("\"{}\"", total); });
}

WireAnswer AnswerNegativeTotal(const FaultyRequest& faulty) {
  return WithTotal(faulty, [](std::uint64_t total) { return fmt::format("-{}", total); });
}

bool AsksForList(const FaultyRequest& faulty) {
  return !ConnectionOfPath(faulty.request.path()).has_value();
}

WireAnswer ListUnusableRow(const FaultyRequest& faulty) {
  if (!AsksForList(faulty)) return faulty.api.Answer(faulty.request);
  return WithBody(faulty, [](std::string& body) {
    ReplaceFirst(body, R"("data":[{)",
                 fmt::format(R"("data":[{{"id":"{}","tags":7}},{{)", std::string(1000, '9')));
  });
}

// There is always one more page.
WireAnswer ListWithoutEnd(const FaultyRequest& faulty) {
  auto page = ReadNumberedPage(faulty.request, SIZE_MAX);
  if (!AsksForList(faulty) || !page) return faulty.api.Answer(faulty.request);
  page->total = page->last + page->size;
  std::string body = R"({"data":[)";
  for (std::size_t i = page->first; i < page->last; ++i) {
    body += fmt::format(
        R"({}{{"id":"8{:017}","record_type":"call_control_application","connection_name":"line {}"}})",
        i > page->first ? "," : "", i, i);
  }
  return JsonAnswer(200, body + R"(],"meta":{)" + page->Meta() + "}}");
}

constexpr std::array kAnswerFaults = {
    // The body and the numbers in it.
    Fault{"empty_200", "answers 200 without a body", AnswerEmpty},
    Fault{"truncated_gzip", "sends a gzip body that ends too early", TruncateGzip},
    Fault{"truncated_json", "answers JSON that ends too early", TruncateJson},
    Fault{"invalid_utf8", "answers JSON with bytes that are not UTF-8", AnswerInvalidUtf8},
    Fault{"wrong_types", "answers JSON with a value of the wrong type", AnswerWrongTypes},
    Fault{"html_200", "answers 200 with HTML", AnswerHtml},
    Fault{"negative_durations", "answers calls of less than 0 seconds", AnswerNegativeDurations},
    Fault{"wrong_total", "answers a meta.total_items that is 7 too high", AnswerWrongTotal},
    Fault{"total_as_text", "answers meta.total_items as text", AnswerTotalAsText},
    Fault{"negative_total", "answers a negative meta.total_items", AnswerNegativeTotal},
    Fault{"byte_order_mark", "answers JSON after a byte order mark", AnswerWithByteOrderMark},
    Fault{"decimal_durations", "answers durations as 12.0", AnswerDecimalDurations},
    Fault{"skewed_durations", "answers durations a second lower now and then",
          AnswerSkewedDurations},
    Fault{"encoding_none", "names the Content-Encoding none or identity", NameNoEncoding},
    // Other statuses.
    Fault{"status_204", "answers 204 without a body", AnswerStatus<204>},
    Fault{"redirect_301", "answers 301 to another host", Redirect<301>},
    Fault{"redirect_302", "answers 302 to another host", Redirect<302>},
    Fault{"status_401", "answers 401: the key is refused", AnswerStatus<401>},
    Fault{"undecodable_401", "answers 401 with a body in an unknown encoding",
          RefuseKeyUndecodable},
    Fault{"status_403", "answers 403: the key may not do this", AnswerStatus<403>},
    Fault{"empty_403", "answers 403 without a body", ForbidWithEmptyBody},
    Fault{"status_404", "answers 404: no such connection", AnswerStatus<404>},
    Fault{"status_422", "answers 422: not a connection with calls", AnswerStatus<422>},
    Fault{"status_429", "answers 429 without saying for how long", AnswerStatus<429>},
    Fault{"rate_limited", "answers 429 with Retry-After and x-ratelimit headers", LimitRate},
    Fault{"undecodable_429", "answers 429 with Retry-After and a body in an unknown encoding",
          LimitRateUndecodable},
    Fault{"rate_limited_until", "answers 429 with x-ratelimit-reset as a Unix time",
          LimitRateUntilTime},
    Fault{"status_500", "answers 500 with HTML", AnswerStatus<500>},
    Fault{"status_502", "answers 502 with HTML", AnswerStatus<502>},
    Fault{"huge_502", "answers 502 with 5 MB of HTML", FailWithHugeBody},
    Fault{"status_503", "answers 503 with HTML", AnswerStatus<503>},
    // Quotas.
    Fault{"used_up_quota", "says with every answer that no request is left for 60 s", UseUpQuota},
    Fault{"huge_quota", "says that 2^64 - 1 requests are left", TellHugeQuota},
    Fault{"nonsense_quota", "answers with rate limit headers that make no sense",
          TellNonsenseQuota},
    // Lists.
    Fault{"unusable_row", "begins each list with an entry that cannot be used", ListUnusableRow},
    Fault{"endless_list", "lists made-up connections without end", ListWithoutEnd},
};

}  // namespace

std::span<const Fault> AnswerFaults() { return kAnswerFaults; }

}  // namespace telnyx_exporter::simulator
