#include "exposition/content_negotiation.h"

#include <charconv>
#include <optional>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

// Takes the part before `separator` off the front of `list`, without blanks around it.
std::string_view TakeItem(std::string_view& list, char separator) {
  const std::size_t end = list.find(separator);
  const std::string_view item = list.substr(0, end);
  list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  return TrimWhitespace(item);
}

// The weight among the parameters behind an item; 1 without one, 0 for one that cannot be read.
double Weight(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = TakeItem(parameters, ';');
    const std::string_view name = TakeItem(parameter, '=');
    if (!EqualsIgnoringAsciiCase(name, "q")) continue;
    double weight = 0;
    const std::string_view text = TrimWhitespace(parameter);
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), weight, std::chars_format::fixed);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && weight >= 0 && weight <= 1 ? weight : 0;
  }
  return 1;
}

}  // namespace

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<double> gzip;
  std::optional<double> any;
  std::optional<double> identity;
  while (!accept_encoding.empty()) {
    std::string_view item = TakeItem(accept_encoding, ',');
    const std::string_view coding = TakeItem(item, ';');
    const double weight = Weight(item);
    if (EqualsIgnoringAsciiCase(coding, "gzip") || EqualsIgnoringAsciiCase(coding, "x-gzip")) {
      gzip = weight;
    } else if (coding == "*") {
      any = weight;
    } else if (EqualsIgnoringAsciiCase(coding, "identity")) {
      identity = weight;
    }
  }
  const double wanted = gzip.value_or(any.value_or(0));
  return wanted > 0 && wanted >= identity.value_or(0);
}

}  // namespace telnyx_exporter
