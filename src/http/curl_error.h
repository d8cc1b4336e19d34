#pragma once

// What went wrong, in the words of the boundary: curl's error codes become kinds, its texts become
// messages without secrets. Pure functions for the curl transfer.

#include <string>
#include <string_view>

#include <curl/curl.h>

#include "http/transport.h"

namespace telnyx_exporter {

/// The kind of every code but CURLE_OK.
TransportError::Kind ClassifyCurlCode(CURLcode code);

/// `text` (curl's error buffer) or, when it is empty, curl's sentence for `code`: one line,
/// bounded, with the endpoint's key and its proxy's credentials replaced.
std::string DescribeCurlError(CURLcode code, std::string_view text, const Endpoint& endpoint);

}  // namespace telnyx_exporter
