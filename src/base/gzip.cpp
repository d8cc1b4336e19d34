#include "base/gzip.h"

#define ZLIB_CONST  // input without a const_cast
#include <array>
#include <stdexcept>

#include <zlib.h>

namespace telnyx_exporter {
namespace {

constexpr int kGzipWindowBits = 15 + 16;
// For expositions a twelfth less CPU than zlib's own 8, and 100 KB less memory, with no larger
// result: docs/performance.md.
constexpr int kMemoryLevel = 6;

}  // namespace

struct Gzipper::Stream : z_stream {};

Gzipper::Gzipper(std::string& compressed, GzipLevel level)
    : stream_(std::make_unique<Stream>()), compressed_(compressed) {
  if (deflateInit2(stream_.get(), static_cast<int>(level), Z_DEFLATED, kGzipWindowBits,
                   kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib cannot start");
  }
}

Gzipper::~Gzipper() { deflateEnd(stream_.get()); }

void Gzipper::Add(std::string_view bytes) { Deflate(bytes, Z_NO_FLUSH); }

void Gzipper::Finish() { Deflate({}, Z_FINISH); }

void Gzipper::Deflate(std::string_view bytes, int flush) {
  stream_->next_in = reinterpret_cast<const Bytef*>(bytes.data());
  stream_->avail_in = static_cast<uInt>(bytes.size());
  std::array<char, 16384> piece;
  do {
    stream_->next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_->avail_out = static_cast<uInt>(piece.size());
    if (deflate(stream_.get(), flush) == Z_STREAM_ERROR) {
      throw std::runtime_error("zlib did not finish");
    }
    compressed_.append(piece.data(), piece.size() - stream_->avail_out);
  } while (stream_->avail_out == 0);
}

std::string Gzip(std::string_view bytes, GzipLevel level) {
  std::string compressed;
  Gzipper gzipper(compressed, level);
  gzipper.Add(bytes);
  gzipper.Finish();
  return compressed;
}

}  // namespace telnyx_exporter
