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
#include <type_traits>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/gzip.h"
#include "simulator/answers.h"
#include "simulator/faults.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr std::size_t kHugeErrorBytes = 5'000'000;
constexpr std::uint64_t kWrongTotalBy = 7;
constexpr std::string_view kDurationKey = R"("call_duration":)";

void SetBody(HttpResponse& response, std::string body) {
  response.body = std::make_shared<const std::string>(std::move(body));
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

// The API's own answer with its body changed by kChange(body) or kChange(body, random).
template <auto kChange>
WireAnswer ChangeBody(const FaultyRequest& faulty) {
  HttpResponse response = faulty.api.Answer(faulty.request);
  std::string body = response.body ? *response.body : std::string();
  if constexpr (std::is_invocable_v<decltype(kChange), std::string&>) {
    kChange(body);
  } else {
    kChange(body, faulty.random);
  }
  SetBody(response, std::move(body));
  return response;
}

// The same with the number in "total_items".
template <auto kChange>
WireAnswer ChangeTotal(const FaultyRequest& faulty) {
  return ChangeBody<[](std::string& body) { ReplaceNumbers(body, R"("total_items":)", kChange); }>(
      faulty);
}

// The same with all durations, by kChange(seconds).
template <auto kChange>
WireAnswer ChangeDurations(const FaultyRequest& faulty) {
  return ChangeBody<[](std::string& body) { ReplaceNumbers(body, kDurationKey, kChange); }>(faulty);
}

// What kMake() returns, whatever was asked for.
template <auto kMake>
WireAnswer Say(const FaultyRequest& /*faulty*/) {
  return kMake();
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

HttpResponse LimitRateUntilTime() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return WithHeaders(EmptyBody(TooManyRequests()),
                     {{"x-ratelimit-limit", "10"},
                      {"x-ratelimit-remaining", "0"},
                      {"x-ratelimit-reset", std::to_string(now.time_since_epoch().count() + 2)}});
}

HttpResponse HugeFailure() {
  HttpResponse response = HtmlAnswer(502);
  SetBody(response, std::string(kHugeErrorBytes, ' '));
  return response;
}

// The API's own answer with these rate limit headers.
WireAnswer TellQuota(const FaultyRequest& faulty, const char* limit, const char* remaining,
                     const char* reset) {
  return WithHeaders(faulty.api.Answer(faulty.request), {{"x-ratelimit-limit", limit},
                                                         {"x-ratelimit-remaining", remaining},
                                                         {"x-ratelimit-reset", reset}});
}

WireAnswer TellNonsenseQuota(const FaultyRequest& faulty) {
  WireAnswer answer = TellQuota(faulty, "many", "-1", "1e999");
  std::get<HttpResponse>(answer).headers.emplace_back("Retry-After", "soon");
  return answer;
}

WireAnswer TruncateGzip(const FaultyRequest& faulty) {
  auto answer = ChangeBody<[](std::string& body) {
    body = Gzip(body, GzipLevel::kSmall);
    body.resize(body.size() / 2);
  }>(faulty);
  std::get<HttpResponse>(answer).headers.emplace_back("Content-Encoding", "gzip");
  return answer;
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

bool AsksForList(const FaultyRequest& faulty) {
  return !ConnectionOfPath(faulty.request.path()).has_value();
}

WireAnswer ListUnusableRow(const FaultyRequest& faulty) {
  if (!AsksForList(faulty)) return faulty.api.Answer(faulty.request);
  return ChangeBody<[](std::string& body) {
    ReplaceFirst(body, R"("data":[{)",
                 fmt::format(R"("data":[{{"id":"{}","tags":7}},{{)", std::string(1000, '9')));
  }>(faulty);
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
    Fault{"empty_200", "answers 200 without a body",
          ChangeBody<[](std::string& body) { body.clear(); }>},
    Fault{"truncated_gzip", "sends a gzip body that ends too early", TruncateGzip},
    Fault{"truncated_json", "answers JSON that ends too early",
          ChangeBody<[](std::string& body) { body.resize(body.size() / 2); }>},
    Fault{"invalid_utf8", "answers JSON with bytes that are not UTF-8",
          ChangeBody<[](std::string& body) {
            ReplaceFirst(body, "{", "{\"note\":\"\xc3\x28\xff\",");
          }>},
    Fault{"wrong_types", "answers JSON with a value of the wrong type",
          ChangeBody<[](std::string& body, std::uint64_t random) {
            const Replacement& chosen = kWrongTypes[random % kWrongTypes.size()];
            ReplaceFirst(body, chosen.what, chosen.with);
          }>},
    Fault{"html_200", "answers 200 with HTML", Say<[] { return HtmlAnswer(200); }>},
    Fault{"negative_durations", "answers calls of less than 0 seconds",
          ChangeDurations<[](std::uint64_t seconds) { return fmt::format("-{}", seconds); }>},
    Fault{"wrong_total", "answers a meta.total_items that is 7 too high",
          ChangeTotal<[](std::uint64_t total) { return std::to_string(total + kWrongTotalBy); }>},
    Fault{"total_as_text", "answers meta.total_items as text",
          ChangeTotal<[](std::uint64_t total) { return fmt::format("\"{}\"", total); }>},
    Fault{"negative_total", "answers a negative meta.total_items",
          ChangeTotal<[](std::uint64_t total) { return fmt::format("-{}", total); }>},
    Fault{"byte_order_mark", "answers JSON after a byte order mark",
          ChangeBody<[](std::string& body) { body.insert(0, "\xef\xbb\xbf"); }>},
    Fault{"decimal_durations", "answers durations as 12.0",
          ChangeDurations<[](std::uint64_t seconds) { return fmt::format("{}.0", seconds); }>},
    // Every other answer, as from a second replica whose clock is a second slow.
    Fault{"skewed_durations", "answers durations a second lower now and then",
          ChangeBody<[](std::string& body, std::uint64_t random) {
            ReplaceNumbers(body, kDurationKey, [skew = random % 2](std::uint64_t seconds) {
              return std::to_string(seconds - std::min(seconds, skew));
            });
          }>},
    Fault{"encoding_none", "names the Content-Encoding none or identity",
          [](const FaultyRequest& faulty) -> WireAnswer {
            return WithHeaders(
                faulty.api.Answer(faulty.request),
                {{"Content-Encoding", faulty.random % 2 == 0 ? "none" : "identity"}});
          }},
    // Other statuses.
    Fault{"status_204", "answers 204 without a body", AnswerStatus<204>},
    Fault{"redirect_301", "answers 301 to another host", Redirect<301>},
    Fault{"redirect_302", "answers 302 to another host", Redirect<302>},
    Fault{"status_401", "answers 401: the key is refused", AnswerStatus<401>},
    Fault{"undecodable_401", "answers 401 with a body in an unknown encoding",
          Say<[] { return Undecodable(KeyRefused()); }>},
    Fault{"status_403", "answers 403: the key may not do this", AnswerStatus<403>},
    Fault{"empty_403", "answers 403 without a body",
          Say<[] { return EmptyBody(StatusAnswer(403)); }>},
    Fault{"status_404", "answers 404: no such connection", AnswerStatus<404>},
    Fault{"status_422", "answers 422: not a connection with calls", AnswerStatus<422>},
    Fault{"status_429", "answers 429 without saying for how long", AnswerStatus<429>},
    Fault{"rate_limited", "answers 429 with Retry-After and x-ratelimit headers", Say<[] {
            return WithHeaders(TooManyRequests(), {{"Retry-After", "1"},
                                                   {"x-ratelimit-limit", "10"},
                                                   {"x-ratelimit-remaining", "0"},
                                                   {"x-ratelimit-reset", "1"}});
          }>},
    Fault{"undecodable_429", "answers 429 with Retry-After and a body in an unknown encoding",
          Say<[] { return WithHeaders(Undecodable(TooManyRequests()), {{"Retry-After", "2"}}); }>},
    Fault{"rate_limited_until", "answers 429 with x-ratelimit-reset as a Unix time",
          Say<LimitRateUntilTime>},
    Fault{"status_500", "answers 500 with HTML", AnswerStatus<500>},
    Fault{"status_502", "answers 502 with HTML", AnswerStatus<502>},
    Fault{"huge_502", "answers 502 with 5 MB of HTML", Say<HugeFailure>},
    Fault{"status_503", "answers 503 with HTML", AnswerStatus<503>},
    // Quotas.
    Fault{"used_up_quota", "says with every answer that no request is left for 60 s",
          [](const FaultyRequest& faulty) { return TellQuota(faulty, "10", "0", "60"); }},
    Fault{"huge_quota", "says that 2^64 - 1 requests are left",
          [](const FaultyRequest& faulty) {
            return TellQuota(faulty, "18446744073709551615", "18446744073709551615", "60");
          }},
    Fault{"nonsense_quota", "answers with rate limit headers that make no sense",
          TellNonsenseQuota},
    // Lists.
    Fault{"unusable_row", "begins each list with an entry that cannot be used", ListUnusableRow},
    Fault{"endless_list", "lists made-up connections without end", ListWithoutEnd},
};

}  // namespace

std::span<const Fault> AnswerFaults() { return kAnswerFaults; }

}  // namespace telnyx_exporter::simulator
