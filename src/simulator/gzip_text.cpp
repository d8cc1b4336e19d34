#include "simulator/gzip_text.h"

#include <new>

#include <zlib.h>

namespace telnyx_exporter::simulator {
namespace {

constexpr int kGzipWindowBits = 16 + MAX_WBITS;
constexpr int kDefaultMemoryLevel = 8;

}  // namespace

std::string GzipText(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindowBits, kDefaultMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string gzip(deflateBound(&stream, text.size()), '\0');
  // zlib does not write to its input, but its C interface has no const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(gzip.data());
  stream.avail_out = static_cast<uInt>(gzip.size());
  deflate(&stream, Z_FINISH);
  gzip.resize(stream.total_out);
  deflateEnd(&stream);
  return gzip;
}

}  // namespace telnyx_exporter::simulator
