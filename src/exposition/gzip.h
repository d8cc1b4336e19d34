#pragma once

#include <string>
#include <string_view>

namespace telnyx_exporter {

/// The bytes as one gzip member (RFC 1952).
std::string Gzip(std::string_view bytes);

}  // namespace telnyx_exporter
