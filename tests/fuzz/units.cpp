// Durations and sizes as people write them.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"
#include "fuzz/input.h"

namespace telnyx_exporter {
namespace {

void CheckDuration(std::string_view text) {
  const auto duration = ParseDuration(text);
  if (!duration) return;
  Require(*duration >= Duration::zero(), "a duration is not negative");
  Require(ParseDuration(FormatDuration(*duration)) == duration,
          "a formatted duration reads back the same");
}

void CheckSize(std::string_view text) {
  const auto size = ParseSize(text);
  if (!size) return;
  Require(ParseSize(FormatSize(*size)) == size, "a formatted size reads back the same");
  Require(FormatSize(*size).size() <= text.size() + 3, "a formatted size is short");
}

void CheckNumber(std::string_view text) {
  const auto number = ParseUnsigned(text);
  const bool digits =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  Require(!number || digits, "a number has digits alone");
  if (digits && text.size() < 20) {
    const std::size_t zeros = std::min(text.find_first_not_of('0'), text.size() - 1);
    Require(number && std::to_string(*number) == text.substr(zeros), "every digit counts");
  }
}

// Every duration of whole milliseconds, not only those that were written by people.
void CheckFormatting(std::uint64_t bits) {
  const auto milliseconds = static_cast<std::int64_t>(bits % 9'000'000'000'000ULL);
  const Duration duration = std::chrono::milliseconds(milliseconds);
  Require(ParseDuration(FormatDuration(duration)) == duration, "a duration is written to be read");
  Require(ParseSize(FormatSize(bits)) == bits, "a size is written to be read");
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telnyx_exporter;  // NOLINT(google-build-using-namespace)
  FuzzInput input(data, size);
  CheckDuration(input.rest());
  CheckSize(input.rest());
  CheckNumber(input.rest());
  CheckFormatting(input.TakeNumber(8));
  return 0;
}
