#include "simulation/advice.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string>

#include <fmt/format.h>

namespace telnyx_exporter::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLongestAdvice = 24h;

constexpr std::array kNonsense = {"",    "soon", "1e3",  "--1",
                                  "5 s", "nan",  "0x10", "Mon, 99 Foo 2020 00:00:00 GMT"};

}  // namespace

std::optional<Duration> Advice::RetryAfter(WallTime now) const {
  if (!retry_at) return retry_after;
  return std::clamp<Duration>(*retry_at - now, 0s, kLongestAdvice);
}

void SetRetryAfter(Advice& advice, Duration wait, Random& random) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(wait);
  if (random.Chance(0.8)) {
    advice.retry_after = std::clamp<Duration>(whole, 0s, kLongestAdvice);
    advice.headers.retry_after = std::to_string(whole.count());
  } else {
    advice.retry_after = std::clamp<Duration>(whole + 500ms, 0s, kLongestAdvice);
    advice.headers.retry_after = fmt::format(" {:.1f}", ToSeconds(whole + 500ms));
  }
}

void SetRetryAt(Advice& advice, WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &fields);
  advice.retry_at = std::chrono::system_clock::from_time_t(seconds);
  advice.headers.retry_after = text.data();
}

void SetQuota(Advice& advice, std::uint64_t limit, std::uint64_t remaining, Duration reset) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(reset);
  advice.remaining = remaining;
  advice.reset = std::min<Duration>(seconds, kLongestAdvice);
  advice.headers.rate_limit_limit = std::to_string(limit);
  advice.headers.rate_limit_remaining = std::to_string(remaining);
  advice.headers.rate_limit_reset = std::to_string(seconds.count());
}

Advice DrawAdvice(WallTime now, Random& random) {
  Advice advice;
  if (random.Chance(0.02)) {
    SetRetryAfter(advice, -5s, random);
  } else if (random.Chance(0.3)) {
    SetRetryAfter(advice, random.LogBetween(Duration(100ms), Duration(72h)), random);
  } else if (random.Chance(0.1)) {
    SetRetryAt(advice, now + std::chrono::seconds(random.Below(200)) - 50s);
  } else if (random.Chance(0.1)) {
    advice.headers.retry_after = random.Pick(kNonsense);
  }
  if (random.Chance(0.1)) {
    advice.should_retry = random.Chance(0.5);
    advice.headers.should_retry = *advice.should_retry ? "True" : " false ";
  } else if (random.Chance(0.05)) {
    advice.headers.should_retry = "perhaps";
  }
  if (random.Chance(0.2)) {
    const std::uint64_t remaining = random.Chance(0.3) ? 0 : random.Below(50);
    SetQuota(advice, 100, remaining, random.LogBetween(Duration(1s), Duration(10min)));
  } else if (random.Chance(0.05)) {
    advice.headers.rate_limit_reset = random.Pick(kNonsense);
    advice.headers.rate_limit_remaining = random.Pick(kNonsense);
  }
  return advice;
}

}  // namespace telnyx_exporter::simulation
