#pragma once

// What a scraper is sent, decided from what it says it can read. Pure functions; any bytes.

#include <string>
#include <string_view>

#include "exposition/exposition_writer.h"

namespace telnyx_exporter {

struct NegotiatedExposition {
  ExpositionFormat format = ExpositionFormat::kText;
  std::string content_type;
};

/// The format that the value of Accept gives the most weight to; of several with the same weight
/// the one that is named first, as Prometheus and its Go library read the header. OpenMetrics and
/// protobuf must be named, wildcards mean text. Whatever asks for none of the formats, in whatever
/// form, gets text: a failed scrape is of no use.
NegotiatedExposition NegotiateExposition(std::string_view accept);

/// Whether the answer is to be compressed, from the value of Accept-Encoding: gzip (or `*`) must be
/// named with a weight above 0 that is not below the weight of `identity`.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace telnyx_exporter
