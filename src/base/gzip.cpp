#include "base/gzip.h"

#define ZLIB_CONST  // input without a const_cast
#include <algorithm>
#include <stdexcept>

#include <zlib.h>

namespace telnyx_exporter {
namespace {

constexpr int kGzipWindowBits = 15 + 16;
constexpr int kMemoryLevel = 8;

}  // namespace

std::string Gzip(std::string_view bytes, GzipLevel level) {
  z_stream stream{};
  if (deflateInit2(&stream, static_cast<int>(level), Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib cannot start");
  }
  std::string compressed;
  stream.next_in = reinterpret_cast<const Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  // deflateBound() would have about twenty times as much memory zeroed as is used.
  int result = Z_OK;
  while (result == Z_OK) {
    const std::size_t begin = compressed.size();
    compressed.resize(begin + std::max<std::size_t>(begin, 16384));
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data() + begin);
    stream.avail_out = static_cast<uInt>(compressed.size() - begin);
    result = deflate(&stream, Z_FINISH);
  }
  compressed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("zlib did not finish");
  compressed.shrink_to_fit();
  return compressed;
}

}  // namespace telnyx_exporter
