#include "http/response_body.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

namespace telnyx_exporter {
namespace {

constexpr std::size_t kFirstAllocation = std::size_t{16} * 1024;
/// A full page of 250 calls has 77 KB, so this keeps every ordinary body's memory and no other's.
constexpr std::size_t kMaxPooledAllocation = std::size_t{256} * 1024;
/// Keeps sums of sizes far from overflow, and every size within zlib's counters.
constexpr std::size_t kLargestBody = std::size_t{1} << 30U;
/// For inflateInit2: gzip only, neither zlib's own nor raw deflate, any window.
constexpr int kGzipWindowBits = 16 + MAX_WBITS;

constexpr std::array<char, kBodyPadding> kPadding{};

}  // namespace

std::string_view EmptyBody() { return {kPadding.data(), 0}; }

void PaddedBuffer::Release() {
  data_.reset();
  allocated_bytes_ = 0;
  size_ = 0;
}

void PaddedBuffer::Grow(std::size_t max_size) {
  if (free_bytes() > 0) return;
  const std::size_t wanted = std::max(kFirstAllocation, allocated_bytes_ * 2);
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

std::unique_ptr<ResponseBody> ResponseBodyPool::Take() {
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
