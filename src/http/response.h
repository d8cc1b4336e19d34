#pragma once

// A response as it comes in: its head line by line and its body piece by piece, decompressed, both
// within bounds. The curl transfer fills them, on the transport's thread.

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <zlib.h>

#include "http/transport.h"

namespace telnyx_exporter {

/// Keeps of the header lines the few that the exporter acts on.
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

/// No bytes, with kBodyPadding readable ones after them.
std::string_view EmptyBody();

/// Bytes that grow without being zeroed first, with kBodyPadding readable ones after them.
class PaddedBuffer {
 public:
  std::size_t size() const { return size_; }
  /// What is allocated, padding included.
  std::size_t allocated_bytes() const { return allocated_bytes_; }
  void clear() { size_ = 0; }
  void Release();

  /// Room for at least one byte after the present ones, at least twice the memory of before when a
  /// new piece is needed, but never more than for `max_size` bytes.
  void Grow(std::size_t max_size);
  char* free_begin() { return data_.get() + size_; }
  std::size_t free_bytes() const {
    return allocated_bytes_ == 0 ? 0 : allocated_bytes_ - kBodyPadding - size_;
  }
  void Extend(std::size_t bytes) { size_ += bytes; }

  /// The bytes, with the padding after them zeroed.
  std::string_view Sealed();

 private:
  std::unique_ptr<char[]> data_;
  std::size_t allocated_bytes_ = 0;
  std::size_t size_ = 0;
};

class ResponseBody {
 public:
  enum class Verdict {
    kOk,
    kTooLarge,     // more than max_bytes after decompression
    kUndecodable,  // not gzip, or damaged
    kTruncated,    // the gzip stream ends before its end
  };

  ResponseBody() = default;
  ~ResponseBody();

  /// Forgets the present body; its memory is kept.
  void Begin(bool gzip, std::size_t max_bytes);
  /// Takes the next bytes as received. After anything but kOk only Begin may follow.
  Verdict Append(std::string_view bytes);
  /// To be called after the last byte. No byte at all is a complete body in either coding: errors
  /// are sent so.
  Verdict End() const;

  /// Decoded bytes so far, at most one more than max_bytes.
  std::size_t size() const { return buffer_.size(); }
  /// The body with kBodyPadding zeroes after it, valid until Begin.
  std::string_view Sealed() { return buffer_.Sealed(); }
  std::size_t allocated_bytes() const { return buffer_.allocated_bytes(); }
  void ReleaseBuffer() { buffer_.Release(); }

 private:
  Verdict AppendPlain(std::string_view bytes);
  Verdict AppendGzip(std::string_view bytes);
  /// Free memory that may be used: up to one byte more than allowed, which shows the excess.
  std::size_t Room() const;
  /// One call of zlib's inflate into whatever room there is.
  Verdict Inflate();

  PaddedBuffer buffer_;
  std::size_t max_bytes_ = 0;
  bool gzip_ = false;
  bool in_member_ = false;  // a gzip member has begun and has not ended
  bool inflater_ready_ = false;
  z_stream inflater_{};
};

/// Bodies between two uses, each within a bound: as many as were in use at once of late.
class ResponseBodyPool {
 public:
  /// After so many uses those that lay idle all the while are let go.
  static constexpr std::size_t kUsesUntilTrim = 1024;

  std::unique_ptr<ResponseBody> Acquire();
  void Give(std::unique_ptr<ResponseBody> body);
  std::size_t idle() const { return idle_.size(); }

 private:
  std::vector<std::unique_ptr<ResponseBody>> idle_;  // the one that came back last at the end
  std::size_t uses_ = 0;                             // since the last trim
  std::size_t fewest_idle_ = 0;                      // since then
};

}  // namespace telnyx_exporter
