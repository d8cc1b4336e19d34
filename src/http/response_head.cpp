#include "http/response_head.h"

#include <array>
#include <optional>
#include <string>

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

ResponseHead::ContentCoding ParseContentCoding(std::string_view value) {
  if (value.empty() || EqualsIgnoringAsciiCase(value, "identity")) {
    return ResponseHead::ContentCoding::kIdentity;
  }
  if (EqualsIgnoringAsciiCase(value, "gzip") || EqualsIgnoringAsciiCase(value, "x-gzip")) {
    return ResponseHead::ContentCoding::kGzip;
  }
  return ResponseHead::ContentCoding::kUnknown;
}

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
    // Twice means one coding on top of the other, which nobody asked for.
    content_coding_ = content_coding_ == ContentCoding::kIdentity ? ParseContentCoding(value)
                                                                  : ContentCoding::kUnknown;
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

}  // namespace telnyx_exporter
