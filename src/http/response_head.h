#pragma once

// Reads the header lines of one exchange and keeps the few that the exporter acts on. The curl
// transfer feeds it line by line on the transport's thread; it does no I/O itself.

#include <cstddef>
#include <string_view>

#include "http/transport.h"

namespace telnyx_exporter {

class ResponseHead {
 public:
  enum class ContentCoding { kIdentity, kGzip, kUnknown };
  enum class Verdict {
    kOk,
    kTooLarge,              // more than max_bytes in all blocks together
    kUnknownTransferCoding  // only `chunked` can be asked for and read
  };

  /// Forgets everything: the next line belongs to a new exchange.
  void Begin(std::size_t max_bytes);

  /// Takes one line with its line end: a status line, a header, or the empty line that ends a
  /// block. A new status line (after 1xx, or after a proxy's answer to CONNECT) starts the values
  /// anew, and what comes behind a block's end (trailers) is counted and ignored.
  Verdict AddLine(std::string_view line);

  const ResponseHeaders& headers() const { return headers_; }
  ContentCoding content_coding() const { return content_coding_; }

 private:
  enum class Position { kOutside, kInBlock };

  Verdict AddHeader(std::string_view name, std::string_view value);

  std::size_t max_bytes_ = 0;
  std::size_t bytes_ = 0;
  Position position_ = Position::kOutside;
  ContentCoding content_coding_ = ContentCoding::kIdentity;
  ResponseHeaders headers_;
};

}  // namespace telnyx_exporter
