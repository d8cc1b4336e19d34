#pragma once

// What a scraper is sent, decided from what it says it can read. Pure functions; any bytes.

#include <string_view>

namespace telnyx_exporter {

/// Whether the answer is to be compressed, from the value of Accept-Encoding: gzip (or `*`) must be
/// named with a weight above 0 that is not below the weight of `identity`.
bool AcceptsGzip(std::string_view accept_encoding);

/// The Content-Type of text format 0.0.4.
inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace telnyx_exporter
