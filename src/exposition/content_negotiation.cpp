#include "exposition/content_negotiation.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

std::size_t FindOutsideQuotes(std::string_view text, char wanted) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == wanted && !quoted) {
      return i;
    }
  }
  return std::string_view::npos;
}

// Takes the part before `separator` off the front of `list`, without blanks around it.
std::string_view TakeItem(std::string_view& list, char separator) {
  const std::size_t end = FindOutsideQuotes(list, separator);
  const std::string_view item = list.substr(0, end);
  list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  return TrimWhitespace(item);
}

// The value of one of the parameters after an item, without its quotes.
std::optional<std::string_view> FindParameter(std::string_view parameters, std::string_view name) {
  while (!parameters.empty()) {
    std::string_view parameter = TakeItem(parameters, ';');
    if (!EqualsIgnoringAsciiCase(TakeItem(parameter, '='), name)) continue;
    std::string_view value = TrimWhitespace(parameter);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return value;
  }
  return std::nullopt;
}

// The weight among the parameters after an item; 1 without one, 0 for one that cannot be read.
double Weight(std::string_view parameters) {
  const auto text = FindParameter(parameters, "q");
  if (!text) return 1;
  const double weight = ParseDouble(*text, std::chars_format::fixed).value_or(0);
  return weight >= 0 && weight <= 1 ? weight : 0;
}

/// How exactly an item of Accept names a format; a more exact one decides about its weight.
enum class Match : std::uint8_t { kNone, kAnyType, kAnySubtype, kNamed };

bool HasVersion(std::string_view parameters, std::string_view version) {
  return FindParameter(parameters, "version").value_or(version) == version;
}

Match MatchText(std::string_view type, std::string_view parameters) {
  if (type == "*/*" || type == "*") return Match::kAnyType;
  if (EqualsIgnoringAsciiCase(type, "text/*")) return Match::kAnySubtype;
  return EqualsIgnoringAsciiCase(type, "text/plain") && HasVersion(parameters, "0.0.4")
             ? Match::kNamed
             : Match::kNone;
}

Match MatchOpenMetrics(std::string_view type, std::string_view parameters) {
  return EqualsIgnoringAsciiCase(type, "application/openmetrics-text") &&
                 HasVersion(parameters, "1.0.0")
             ? Match::kNamed
             : Match::kNone;
}

Match MatchProtobuf(std::string_view type, std::string_view parameters) {
  return EqualsIgnoringAsciiCase(type, "application/vnd.google.protobuf") &&
                 FindParameter(parameters, "proto") == "io.prometheus.client.MetricFamily" &&
                 FindParameter(parameters, "encoding") == "delimited"
             ? Match::kNamed
             : Match::kNone;
}

Match MatchFormat(ExpositionFormat format, std::string_view type, std::string_view parameters) {
  switch (format) {
    case ExpositionFormat::kText:
      return MatchText(type, parameters);
    case ExpositionFormat::kOpenMetrics:
      return MatchOpenMetrics(type, parameters);
    case ExpositionFormat::kProtobuf:
      return MatchProtobuf(type, parameters);
  }
  return Match::kNone;
}

/// What Accept says about one format.
struct Offer {
  ExpositionFormat format;
  Match match = Match::kNone;
  double weight = 0;
  std::size_t position = 0;  // in the header
  std::string_view escaping;

  // Among offers of one format.
  bool Yields(Match other_match, double other_weight) const {
    return other_match > match || (other_match == match && other_weight > weight);
  }
  // Among offers of several formats. A wildcard comes after what is named.
  bool IsBetterThan(const Offer& other) const {
    if (weight != other.weight) return weight > other.weight;
    if (match != other.match) return match > other.match;
    return position < other.position;
  }
};

// How names that the text formats cannot hold were made to fit. Ours all fit, so each of these is
// true of them; the scheme `dots` alone would double the underscores of every name.
std::string_view EscapingOf(std::string_view asked_for) {
  for (const std::string_view scheme : {"allow-utf-8", "underscores", "values"}) {
    if (asked_for == scheme) return scheme;
  }
  return asked_for == "dots" ? "underscores" : "";
}

NegotiatedExposition Answer(ExpositionFormat format, std::string_view escaping) {
  NegotiatedExposition answer{.format = format, .content_type = std::string(ContentTypeOf(format))};
  if (!escaping.empty()) answer.content_type.append("; escaping=").append(escaping);
  return answer;
}

}  // namespace

NegotiatedExposition NegotiateExposition(std::string_view accept) {
  std::array<Offer, kExpositionFormats.size()> offers;
  std::ranges::transform(kExpositionFormats, offers.begin(),
                         [](ExpositionFormat format) { return Offer{.format = format}; });
  for (std::size_t position = 0; !accept.empty(); ++position) {
    std::string_view parameters = TakeItem(accept, ',');
    const std::string_view type = TakeItem(parameters, ';');
    const double weight = Weight(parameters);
    for (Offer& offer : offers) {
      const Match match = MatchFormat(offer.format, type, parameters);
      if (match == Match::kNone || !offer.Yields(match, weight)) continue;
      offer = {.format = offer.format,
               .match = match,
               .weight = weight,
               .position = position,
               .escaping = EscapingOf(FindParameter(parameters, "escaping").value_or(""))};
    }
  }
  const Offer& best = *std::ranges::min_element(
      offers, [](const Offer& left, const Offer& right) { return left.IsBetterThan(right); });
  return best.weight > 0 ? Answer(best.format, best.escaping) : Answer(ExpositionFormat::kText, "");
}

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
