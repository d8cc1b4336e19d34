// The value of Accept-Encoding.

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

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  telnyx_exporter::CheckEncoding({reinterpret_cast<const char*>(data), size});
  return 0;
}
