#include "pages/words.h"

#include <algorithm>
#include <array>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

std::string FormatUtc(WallTime time, const char* format) {
  return fmt::format(fmt::runtime(format),
                     fmt::gmtime(std::chrono::floor<std::chrono::seconds>(time)));
}

// In the order of FailureReason.
constexpr std::array kReasonWords = {
    ReasonWords{"HTTP 401: the key was refused", "check the account's API key"},
    ReasonWords{"HTTP 403: the key may not do this", "check the key's permissions"},
    ReasonWords{"HTTP 404: there is no such connection", "check the connection's id"},
    ReasonWords{
        "HTTP 422: the connection has no active calls to list, for example because it has no "
        "webhook address",
        "check the connection's kind"},
    ReasonWords{"HTTP 429 until the poll's time was over", "raise intervals or lower rate_limit"},
    ReasonWords{"HTTP 5xx until the poll's time was over", "wait; see the vendor's status"},
    ReasonWords{"another status than 200, a redirect for example", "check base_url"},
    ReasonWords{"no answer in time", "check the network; raise poll.timeout"},
    ReasonWords{"name look-up, connection or transfer failed", "check the network and proxy_url"},
    ReasonWords{"no trusted TLS connection", "check tls and the certificate"},
    ReasonWords{"the answer was not a page of active calls",
                "check base_url; look at the log's detail"},
    ReasonWords{"the answer was larger than poll.max_response_size",
                "check base_url; raise the limit"},
    ReasonWords{"the pages led back to a page already read", "report it to the vendor"},
    ReasonWords{"more pages than poll.max_pages", "raise it"},
    ReasonWords{
        "the account's rate_limit or poll.max_concurrent_requests is too small to poll in time",
        "raise it or the intervals; the log's detail says which"},
    ReasonWords{"discovery found more connections than discovery.max_connections",
                "raise it or narrow the filters"},
};
static_assert(kReasonWords.size() == kFailureReasons.size());

}  // namespace

std::string CountWords(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t place = digits.size(); place > 3;) digits.insert(place -= 3, ",");
  return digits;
}

std::string CountWords(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", CountWords(count), count == 1 ? one : many);
}

std::string NumberWords(double number) {
  std::string digits = fmt::format("{:.2f}", number);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return digits;
}

std::string DurationWords(Duration duration) {
  struct Unit {
    std::string_view name;
    std::int64_t seconds;
  };
  constexpr std::array<Unit, 4> kUnits = {{{"d", 86'400}, {"h", 3'600}, {"min", 60}, {"s", 1}}};
  std::int64_t rest =
      std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(duration).count());
  const auto* unit = std::ranges::find_if(
      kUnits, [&](const Unit& candidate) { return rest >= candidate.seconds; });
  if (unit == kUnits.end()) return "0 s";
  std::string words = fmt::format("{} {}", rest / unit->seconds, unit->name);
  rest %= unit->seconds;
  if (const auto* next = unit + 1; next != kUnits.end() && rest >= next->seconds) {
    words += fmt::format(" {} {}", rest / next->seconds, next->name);
  }
  return words;
}

std::string ElapsedWords(Duration elapsed) {
  if (elapsed < 1ms) return "under 1 ms";
  if (elapsed < 10ms) return fmt::format("{:.0f} ms", ToSeconds(elapsed) * 1000);
  if (elapsed < 10s) return NumberWords(ToSeconds(elapsed)) + " s";
  return DurationWords(elapsed);
}

std::string AgeWords(Duration age) { return age < 1s ? "just now" : DurationWords(age) + " ago"; }

std::string UntilWords(Duration duration) {
  return duration < 1s ? "now" : "in " + DurationWords(duration);
}

std::string ClockWords(WallTime time, WallTime now) {
  const bool same_day =
      std::chrono::floor<std::chrono::days>(time) == std::chrono::floor<std::chrono::days>(now);
  return FormatUtc(time, same_day ? "{:%H:%M:%S} UTC" : "{:%Y-%m-%d %H:%M:%S} UTC");
}

std::string IsoTime(WallTime time) { return FormatUtc(time, "{:%Y-%m-%dT%H:%M:%S}Z"); }

ReasonWords WordsOf(FailureReason reason) { return kReasonWords[static_cast<std::size_t>(reason)]; }

}  // namespace telnyx_exporter
