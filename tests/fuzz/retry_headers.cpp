// The headers of a failed answer that decide about another try: a line each, behind the time.

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "fuzz/input.h"
#include "polling/answer.h"
#include "polling/request_sequence.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

void CheckBounds(const std::optional<Duration>& advice) {
  Require(!advice || (*advice >= Duration::zero() && *advice <= 24h), "advice is bounded");
}

std::optional<std::string> TakeHeader(FuzzInput& input) {
  if (input.empty()) return std::nullopt;
  return std::string(input.TakeUntil('\n'));
}

void CheckDelay(const RetryAdvice& advice, FuzzInput& input) {
  const FailedAttempt failed = {
      .attempt = 1 + input.TakeByte() % 8U,
      .reason = kFailureReasons[input.TakeByte() % kFailureReasons.size()],
      .advice = advice,
      .remaining = std::chrono::milliseconds(input.TakeNumber(3)),
      .jitter = input.TakeByte() / 256.0};
  const auto delay = RetryDelay(failed);
  if (!delay) return;
  Require(failed.attempt < kMaxAttempts, "attempts are bounded");
  Require(*delay < failed.remaining, "a wait ends before the time-out");
  Require(*delay >= kFirstRetryDelay / 2, "no attempt follows at once");
  Require(!advice.retry_after || *delay >= *advice.retry_after, "Retry-After is honoured");
  Require(advice.should_retry != false, "x-should-retry is honoured");
}

// A header with a plain number is that number of seconds.
void CheckNumber(std::string_view text, const std::optional<Duration>& advice) {
  const auto seconds = ParseUnsigned(TrimWhitespace(text));
  if (!seconds) return;
  Require(std::to_string(*seconds).size() <= TrimWhitespace(text).size(),
          "digits are not invented");
  Require(advice == std::min<Duration>(
                        std::chrono::seconds(std::min(*seconds, std::uint64_t{86400})), 24h),
          "a number is seconds");
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telnyx_exporter;  // NOLINT(google-build-using-namespace)
  FuzzInput input(data, size);
  const WallTime now{std::chrono::seconds(static_cast<std::int32_t>(input.TakeNumber(4)))};
  const ResponseHeaders headers = {.retry_after = TakeHeader(input),
                                   .should_retry = TakeHeader(input),
                                   .rate_limit_reset = TakeHeader(input)};
  const RetryAdvice advice = ParseRetryAdvice(headers, now);
  CheckBounds(advice.retry_after);
  CheckBounds(advice.rate_limit_reset);
  Require(headers.retry_after || !advice.retry_after, "no header, no advice");
  Require(headers.should_retry || !advice.should_retry, "no header, no advice");
  if (headers.retry_after) CheckNumber(*headers.retry_after, advice.retry_after);
  // A larger one is a time.
  const auto reset = ParseUnsigned(TrimWhitespace(headers.rate_limit_reset.value_or("")));
  if (reset && *reset <= 1'000'000'000)
    CheckNumber(*headers.rate_limit_reset, advice.rate_limit_reset);
  CheckDelay(advice, input);
  return 0;
}
