#include "http/response.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

struct KeptHeader {
  std::string_view name;
  std::optional<std::string> ResponseHeaders::* value;
};

constexpr std::array kKeptHeaders = {
    KeptHeader{"retry-after", &ResponseHeaders::retry_after},
    KeptHeader{"x-should-retry", &ResponseHeaders::should_retry},
    KeptHeader{"x-ratelimit-limit", &ResponseHeaders::rate_limit_limit},
    KeptHeader{"x-ratelimit-remaining", &ResponseHeaders::rate_limit_remaining},
    KeptHeader{"x-ratelimit-reset", &ResponseHeaders::rate_limit_reset},
};

bool IsStatusLine(std::string_view line) {
  // A trailer could be named "HTTP/...", but no header's name holds a blank.
  return line.starts_with("HTTP/") && line.find(' ') < line.find(':');
}

// The three digits of "HTTP/1.1 429 Too Many Requests"; 0 for anything else and for interim
// answers.
int StatusOf(std::string_view line) {
  line = TrimWhitespace(line.substr(line.find(' ')));
  const auto status = ParseUnsigned(line.substr(0, line.find(' ')));
  return status && *status >= 200 && *status <= 999 ? static_cast<int>(*status) : 0;
}

// One coding on top of another was not asked for. "none" is no coding's name, but servers send it.
ResponseHead::ContentCoding AddContentCodings(ResponseHead::ContentCoding coding,
                                              std::string_view value) {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view name = TrimWhitespace(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
    if (name.empty() || EqualsIgnoringAsciiCase(name, "identity") ||
        EqualsIgnoringAsciiCase(name, "none")) {
      continue;
    }
    const bool gzip =
        EqualsIgnoringAsciiCase(name, "gzip") || EqualsIgnoringAsciiCase(name, "x-gzip");
    coding = gzip && coding == ResponseHead::ContentCoding::kIdentity
                 ? ResponseHead::ContentCoding::kGzip
                 : ResponseHead::ContentCoding::kUnknown;
  }
  return coding;
}

constexpr std::size_t kFirstAllocation = std::size_t{16} * 1024;
/// The next size. Growing in smaller steps would fragment the heap.
constexpr std::size_t kFullPage = std::size_t{80} * 1024;
/// A full page of 250 calls has 77 KB, so this keeps every ordinary body's memory and no other's.
constexpr std::size_t kMaxPooledAllocation = std::size_t{256} * 1024;
/// Keeps sums of sizes far from overflow, and every size within zlib's counters.
constexpr std::size_t kLargestBody = std::size_t{1} << 30U;
/// For inflateInit2: gzip only, neither zlib's own nor raw deflate, any window.
constexpr int kGzipWindowBits = 16 + MAX_WBITS;

constexpr std::array<char, kBodyPadding> kPadding{};

}  // namespace

void ResponseHead::Begin(std::size_t max_bytes) {
  *this = ResponseHead();
  max_bytes_ = max_bytes;
}

ResponseHead::Verdict ResponseHead::AddLine(std::string_view line) {
  bytes_ += line.size();
  if (bytes_ > max_bytes_) return Verdict::kTooLarge;
  if (IsStatusLine(line)) {
    position_ = Position::kInBlock;
    status_ = StatusOf(line);
    content_coding_ = ContentCoding::kIdentity;
    headers_ = {};
    return Verdict::kOk;
  }
  if (position_ == Position::kOutside) return Verdict::kOk;
  if (TrimWhitespace(line).empty()) {
    position_ = Position::kOutside;
    return Verdict::kOk;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return Verdict::kOk;
  return AddHeader(line.substr(0, colon), TrimWhitespace(line.substr(colon + 1)));
}

ResponseHead::Verdict ResponseHead::AddHeader(std::string_view name, std::string_view value) {
  if (EqualsIgnoringAsciiCase(name, "content-encoding")) {
    content_coding_ = AddContentCodings(content_coding_, value);
    return Verdict::kOk;
  }
  if (EqualsIgnoringAsciiCase(name, "transfer-encoding")) {
    return EqualsIgnoringAsciiCase(value, "chunked") || EqualsIgnoringAsciiCase(value, "identity")
               ? Verdict::kOk
               : Verdict::kUnknownTransferCoding;
  }
  for (const KeptHeader& kept : kKeptHeaders) {
    if (EqualsIgnoringAsciiCase(name, kept.name)) headers_.*kept.value = std::string(value);
  }
  return Verdict::kOk;
}

std::string_view EmptyBody() { return {kPadding.data(), 0}; }

void PaddedBuffer::Release() {
  data_.reset();
  allocated_bytes_ = 0;
  size_ = 0;
}

void PaddedBuffer::Grow(std::size_t max_size) {
  if (free_bytes() > 0) return;
  const std::size_t wanted =
      allocated_bytes_ == 0 ? kFirstAllocation : std::max(kFullPage, allocated_bytes_ * 2);
  const std::size_t bytes =
      std::max(std::min(wanted, max_size + kBodyPadding), size_ + 1 + kBodyPadding);
  auto larger = std::make_unique_for_overwrite<char[]>(bytes);
  if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
  data_ = std::move(larger);
  allocated_bytes_ = bytes;
}

std::string_view PaddedBuffer::Sealed() {
  if (size_ == 0) return EmptyBody();
  std::memset(free_begin(), 0, kBodyPadding);
  return {data_.get(), size_};
}

ResponseBody::~ResponseBody() {
  if (inflater_ready_) inflateEnd(&inflater_);
}

void ResponseBody::Begin(bool gzip, std::size_t max_bytes) {
  buffer_.clear();
  max_bytes_ = std::min(max_bytes, kLargestBody);
  gzip_ = gzip;
  in_member_ = false;
}

ResponseBody::Verdict ResponseBody::Append(std::string_view bytes) {
  return gzip_ ? AppendGzip(bytes) : AppendPlain(bytes);
}

ResponseBody::Verdict ResponseBody::End() const {
  return in_member_ ? Verdict::kTruncated : Verdict::kOk;
}

std::size_t ResponseBody::Room() const {
  return std::min(buffer_.free_bytes(), max_bytes_ + 1 - buffer_.size());
}

ResponseBody::Verdict ResponseBody::AppendPlain(std::string_view bytes) {
  while (!bytes.empty()) {
    buffer_.Grow(max_bytes_ + 1);
    const std::size_t part = std::min(bytes.size(), Room());
    std::memcpy(buffer_.free_begin(), bytes.data(), part);
    buffer_.Extend(part);
    if (buffer_.size() > max_bytes_) return Verdict::kTooLarge;
    bytes.remove_prefix(part);
  }
  return Verdict::kOk;
}

ResponseBody::Verdict ResponseBody::AppendGzip(std::string_view bytes) {
  // zlib does not write to its input, but its C interface has no const.
  inflater_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  inflater_.avail_in = static_cast<uInt>(bytes.size());
  bool output_pending = false;
  while (inflater_.avail_in > 0 || output_pending) {
    if (!in_member_) {
      const int error =
          inflater_ready_ ? inflateReset(&inflater_) : inflateInit2(&inflater_, kGzipWindowBits);
      if (error != Z_OK) throw std::bad_alloc();
      inflater_ready_ = true;
      in_member_ = true;
    }
    const Verdict verdict = Inflate();
    if (verdict != Verdict::kOk) return verdict;
    output_pending = in_member_ && inflater_.avail_out == 0;
  }
  return Verdict::kOk;
}

ResponseBody::Verdict ResponseBody::Inflate() {
  buffer_.Grow(max_bytes_ + 1);
  const std::size_t room = Room();
  inflater_.next_out = reinterpret_cast<Bytef*>(buffer_.free_begin());
  inflater_.avail_out = static_cast<uInt>(room);
  const int result = inflate(&inflater_, Z_NO_FLUSH);
  buffer_.Extend(room - inflater_.avail_out);
  if (buffer_.size() > max_bytes_) return Verdict::kTooLarge;
  // Z_BUF_ERROR: there was nothing to do, which happens when the output had filled up exactly.
  if (result == Z_STREAM_END) {
    in_member_ = false;
  } else if (result != Z_OK && result != Z_BUF_ERROR) {
    return Verdict::kUndecodable;
  }
  return Verdict::kOk;
}

std::unique_ptr<ResponseBody> ResponseBodyPool::Acquire() {
  if (idle_.empty()) {
    fewest_idle_ = 0;
    return std::make_unique<ResponseBody>();
  }
  auto body = std::move(idle_.back());
  idle_.pop_back();
  fewest_idle_ = std::min(fewest_idle_, idle_.size());
  return body;
}

void ResponseBodyPool::Give(std::unique_ptr<ResponseBody> body) {
  if (body->allocated_bytes() > kMaxPooledAllocation) body->ReleaseBuffer();
  idle_.push_back(std::move(body));
  if (++uses_ < kUsesUntilTrim) return;
  idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(fewest_idle_));
  fewest_idle_ = idle_.size();
  uses_ = 0;
}

}  // namespace telnyx_exporter
