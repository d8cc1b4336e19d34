// A value of Accept and of Accept-Encoding.

#include "exposition/content_negotiation.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/input.h"

namespace telnyx_exporter {
namespace {

std::string ToUpper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

void CheckEncoding(std::string_view header) {
  const bool gzip = AcceptsGzip(header);
  const std::string upper = ToUpper(header);
  Require(AcceptsGzip(upper) == gzip, "case does not matter");
  Require(AcceptsGzip(" \t" + std::string(header) + " ,") == gzip, "blanks do not matter");
  if (upper.find("GZIP") == std::string::npos && upper.find('*') == std::string::npos) {
    Require(!gzip, "what is not named is not accepted");
  }
  // A quote that is not closed takes in what follows.
  const bool has_quote = header.find('"') != std::string_view::npos;
  Require(has_quote || !AcceptsGzip(std::string(header) + ",gzip;q=0"), "a refusal is heard");
  Require(AcceptsGzip("gzip;q=1," + std::string(header)) || upper.find("GZIP") != std::string::npos,
          "gzip with the highest weight is accepted");
}

bool Names(std::string_view upper, std::string_view type) {
  return upper.find(ToUpper(type)) != std::string_view::npos;
}

void CheckAccept(std::string_view header) {
  const NegotiatedExposition answer = NegotiateExposition(header);
  const std::string_view type = ContentTypeOf(answer.format);
  Require(answer.content_type.starts_with(type), "the type is the format's");
  const std::string_view rest = std::string_view(answer.content_type).substr(type.size());
  Require(rest.empty() || rest == "; escaping=allow-utf-8" || rest == "; escaping=underscores" ||
              rest == "; escaping=values",
          "only what is known is said about escaping");
  const std::string upper = ToUpper(header);
  Require(answer.format != ExpositionFormat::kOpenMetrics ||
              Names(upper, "application/openmetrics-text"),
          "OpenMetrics is named");
  Require(answer.format != ExpositionFormat::kProtobuf ||
              Names(upper, "application/vnd.google.protobuf"),
          "protobuf is named");
  const auto format_of = [](const std::string& accept) {
    return NegotiateExposition(accept).format;
  };
  const std::string text(header);
  Require(format_of(" \t" + text + " ,") == answer.format, "blanks do not matter");
  Require(format_of("text/plain;version=0.0.4;q=1," + text) == ExpositionFormat::kText,
          "the first with the highest weight is text");
  Require(format_of("application/openmetrics-text;version=1.0.0;q=1," + text) ==
              ExpositionFormat::kOpenMetrics,
          "the first with the highest weight is OpenMetrics");
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  telnyx_exporter::CheckEncoding(header);
  telnyx_exporter::CheckAccept(header);
  return 0;
}
