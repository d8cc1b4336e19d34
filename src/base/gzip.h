#pragma once

// Compression of expositions and status pages. The web server's threads call it.

#include <string>
#include <string_view>

namespace telnyx_exporter {

enum class GzipLevel : int {
  kFast = 1,   // leaves a small fraction of text that repeats itself much, such as metrics
  kSmall = 9,  // as small as zlib makes it
};

/// The bytes as one gzip member (RFC 1952). Throws std::runtime_error when zlib fails.
std::string Gzip(std::string_view bytes, GzipLevel level = GzipLevel::kFast);

}  // namespace telnyx_exporter
