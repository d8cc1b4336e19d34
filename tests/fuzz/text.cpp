// Text from outside on its way into an address, a log or a page.

#include "base/text.h"

#include <cstdint>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "base/log.h"
#include "fuzz/input.h"

namespace telnyx_exporter {
namespace {

void CheckPercentEncoding(std::string_view text) {
  const std::string encoded = PercentEncode(text);
  Require(PercentDecode(encoded) == text, "decoding undoes encoding");
  for (const char c : encoded) {
    Require(
        c > ' ' && c < 0x7f && std::string_view("/?#[]@&=+\"").find(c) == std::string_view::npos,
        "an encoded text is part of one segment");
  }
  if (const auto decoded = PercentDecode(text)) {
    Require(decoded->size() <= text.size(), "decoding does not grow");
  }
}

void CheckShownText(std::string_view text, std::size_t max_bytes) {
  const std::string shown = SanitizeForDisplay(text, max_bytes);
  Require(IsShowable(shown, max_bytes), "a sanitized text can be shown");
  Require(SanitizeForDisplay(shown, max_bytes) == shown, "sanitizing once is enough");
  if (IsShowable(text, max_bytes)) Require(shown == text, "a text that can be shown is kept");
}

void CheckJsonString(std::string_view text) {
  static simdjson::dom::parser parser;
  std::string json;
  AppendJsonString(json, text);
  simdjson::dom::element element;
  std::string_view read;
  // In a list, since a document of one text only is read by other code.
  Require(parser.parse("[" + json + "]").get(element) == simdjson::SUCCESS &&
              element.at(0).get(read) == simdjson::SUCCESS,
          "a JSON string can be read");
  if (simdjson::validate_utf8(text.data(), text.size())) {
    Require(read == text, "reading undoes writing");
  }
}

void CheckLogLine(std::string_view message, std::string_view value) {
  static simdjson::dom::parser parser;
  const WallTime time{std::chrono::seconds(1'700'000'000)};
  const std::string json =
      FormatLogLine(LogFormat::kJson, time, LogLevel::kWarn, message, {{"key", value}, {"n", 1}});
  simdjson::dom::element element;
  Require(parser.parse(json).get(element) == simdjson::SUCCESS, "a JSON line is JSON");
  Require(json.find('\n') == std::string::npos, "a JSON line is one line");
  const std::string logfmt =
      FormatLogLine(LogFormat::kLogfmt, time, LogLevel::kWarn, message, {{"key", value}, {"n", 1}});
  Require(IsShowable(logfmt, logfmt.size()), "a log line can be shown");
}

void CheckTrimming(std::string_view text) {
  const std::string_view trimmed = TrimWhitespace(text);
  Require(trimmed.empty() ||
              (text.find(trimmed) != std::string_view::npos && TrimWhitespace(trimmed) == trimmed),
          "trimming takes away blanks alone");
  Require(EqualsIgnoringAsciiCase(text, text), "a text equals itself");
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace telnyx_exporter;  // NOLINT(google-build-using-namespace)
  FuzzInput input(data, size);
  const std::size_t max_bytes = input.TakeByte();
  CheckPercentEncoding(input.rest());
  CheckShownText(input.rest(), max_bytes);
  CheckJsonString(input.rest());
  CheckTrimming(input.rest());
  const std::string_view message = input.TakeUntil('\n');
  CheckLogLine(message, input.rest());
  return 0;
}
