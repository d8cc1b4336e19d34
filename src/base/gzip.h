#pragma once

// Compression of expositions and status pages. The web server's threads call it.

#include <memory>
#include <string>
#include <string_view>

namespace telnyx_exporter {

enum class GzipLevel : int {
  kFast = 1,   // leaves a small fraction of text that repeats itself much, such as metrics
  kSmall = 9,  // as small as zlib makes it
};

/// Makes one gzip member (RFC 1952) of bytes that come piece by piece. Throws std::runtime_error
/// when zlib fails.
class Gzipper {
 public:
  /// Appends it to `compressed`, which must outlive this object.
  explicit Gzipper(std::string& compressed, GzipLevel level = GzipLevel::kFast);
  ~Gzipper();

  void Add(std::string_view bytes);
  /// The member is complete: nothing may follow.
  void Finish();

 private:
  struct Stream;

  void Deflate(std::string_view bytes, int flush);

  std::unique_ptr<Stream> stream_;
  std::string& compressed_;
};

/// The bytes as one gzip member.
std::string Gzip(std::string_view bytes, GzipLevel level = GzipLevel::kFast);

}  // namespace telnyx_exporter
