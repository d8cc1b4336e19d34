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
  /// block. A new status line (after an interim 1xx answer) resets the values, and what comes
  /// after a block's end (trailers) is counted and ignored.
  Verdict AddLine(std::string_view line);

  /// Of the newest status line; 0 before a readable one and after that of an interim answer.
  int status() const { return status_; }
  /// Whether the status and all headers of the answer itself are there.
  bool complete() const { return status_ != 0 && position_ == Position::kOutside; }
  const ResponseHeaders& headers() const { return headers_; }
  ContentCoding content_coding() const { return content_coding_; }

 private:
  enum class Position { kOutside, kInBlock };

  Verdict AddHeader(std::string_view name, std::string_view value);

  std::size_t max_bytes_ = 0;
  std::size_t bytes_ = 0;
  int status_ = 0;
  Position position_ = Position::kOutside;
  ContentCoding content_coding_ = ContentCoding::kIdentity;
  ResponseHeaders headers_;
};

}  // namespace telnyx_exporter
