#include "http/response_head.h"

#include <algorithm>
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

}  // namespace telnyx_exporter
