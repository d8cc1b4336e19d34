// The header lines of one exchange, behind two bytes that say how many bytes are allowed.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "fuzz/input.h"
#include "http/response.h"

namespace telnyx_exporter {
namespace {

constexpr std::array kValues = {&ResponseHeaders::retry_after, &ResponseHeaders::should_retry,
                                &ResponseHeaders::rate_limit_limit,
                                &ResponseHeaders::rate_limit_remaining,
                                &ResponseHeaders::rate_limit_reset};

bool IsEmpty(const ResponseHead& head) {
  for (const auto value : kValues) {
    if ((head.headers().*value).has_value()) return false;
  }
  return head.content_coding() == ResponseHead::ContentCoding::kIdentity;
}

// With its line end, as curl hands it out.
std::string_view TakeLine(FuzzInput& input) {
  const std::size_t end = input.rest().find('\n');
  return input.Take(end == std::string_view::npos ? input.rest().size() : end + 1);
}

void CheckLine(const ResponseHead& before, const ResponseHead& head, std::string_view line) {
  for (const auto value : kValues) {
    const auto& now = head.headers().*value;
    if (now == before.headers().*value) continue;
    if (!now) {
      Require(line.starts_with("HTTP/"), "only a status line forgets a value");
      continue;
    }
    Require(line.find(*now) != std::string_view::npos, "a value stands in its line");
    Require(TrimWhitespace(*now) == *now, "a value has no blanks around it");
    Require(now->find('\n') == std::string::npos, "a value is one line");
  }
}

void Read(FuzzInput input) {
  const std::size_t max_bytes = input.TakeNumber(2);
  static ResponseHead head;
  head.Begin(max_bytes);
  Require(IsEmpty(head), "an exchange begins with nothing");
  std::size_t bytes = 0;
  while (!input.empty()) {
    const ResponseHead before = head;
    const std::string_view line = TakeLine(input);
    bytes += line.size();
    const ResponseHead::Verdict verdict = head.AddLine(line);
    Require((verdict == ResponseHead::Verdict::kTooLarge) == (bytes > max_bytes),
            "too large is what is larger than allowed");
    if (verdict != ResponseHead::Verdict::kOk) return;
    CheckLine(before, head, line);
  }
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  telnyx_exporter::Read(telnyx_exporter::FuzzInput(data, size));
  return 0;
}
