#include "simulator/wire_http.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr int kBadRequest = 400;
constexpr int kLengthRequired = 411;
constexpr int kContentTooLarge = 413;
constexpr int kVersionNotSupported = 505;
constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024;

constexpr std::array<std::pair<int, std::string_view>, 14> kReasonPhrases = {{
    {200, "OK"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
}};

std::string_view ReasonPhrase(int status) {
  const auto known =
      std::ranges::find(kReasonPhrases, status, &std::pair<int, std::string_view>::first);
  if (known != kReasonPhrases.end()) return known->second;
  return status < 400 ? "OK" : "Error";
}

// Takes everything up to `end`, and `end` itself, off the front of the text.
std::string_view TakeUntil(std::string_view& text, std::string_view end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), part.size() + end.size()));
  return part;
}

// A form's decoding: a plus sign is a blank. What is not percent-encoded rightly stays as it is.
std::string DecodeFormText(std::string_view text) {
  std::string blanks(text);
  std::ranges::replace(blanks, '+', ' ');
  return PercentDecode(blanks).value_or(blanks);
}

}  // namespace

std::expected<WireRequest, int> WireRequest::Parse(std::string_view head) {
  WireRequest request;
  std::string_view rest = head;
  if (const int refusal = request.ReadRequestLine(TakeUntil(rest, "\r\n"))) {
    return std::unexpected(refusal);
  }
  for (std::string_view line = TakeUntil(rest, "\r\n"); !line.empty();
       line = TakeUntil(rest, "\r\n")) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::unexpected(kBadRequest);
    request.headers_.emplace_back(line.substr(0, colon), TrimWhitespace(line.substr(colon + 1)));
  }
  if (const int refusal = request.ReadFraming()) return std::unexpected(refusal);
  return request;
}

// 0, or the status to refuse the request with.
int WireRequest::ReadRequestLine(std::string_view line) {
  method_ = TakeUntil(line, " ");
  std::string_view target = TakeUntil(line, " ");
  // What a client writes to a server that it takes for a proxy: the whole address.
  if (const std::size_t scheme = target.find("://"); target.starts_with("http") && scheme < 6) {
    target.remove_prefix(std::min(target.find('/', scheme + 3), target.size()));
  }
  if (method_.empty() || !target.starts_with('/')) return kBadRequest;
  if (line != "HTTP/1.1" && line != "HTTP/1.0") return kVersionNotSupported;
  keep_alive_ = line == "HTTP/1.1";
  const auto path = PercentDecode(TakeUntil(target, "?"));
  if (!path) return kBadRequest;
  path_ = *path;
  query_ = target;
  return 0;
}

int WireRequest::ReadFraming() {
  if (Header("Transfer-Encoding")) return kLengthRequired;
  if (const auto length = Header("Content-Length")) {
    const auto bytes = ParseUnsigned(*length);
    if (!bytes) return kBadRequest;
    if (*bytes > kMaxBodyBytes) return kContentTooLarge;
    content_length_ = *bytes;
  }
  if (const auto connection = Header("Connection")) {
    keep_alive_ = keep_alive_ && !EqualsIgnoringAsciiCase(*connection, "close");
  }
  return 0;
}

std::optional<std::string> WireRequest::Header(std::string_view name) const {
  std::optional<std::string> joined;
  for (const auto& [key, value] : headers_) {
    if (!EqualsIgnoringAsciiCase(key, name)) continue;
    joined = joined ? *joined + ", " + value : value;
  }
  return joined;
}

std::optional<std::string> WireRequest::Query(std::string_view name) const {
  std::string_view rest = query_;
  while (!rest.empty()) {
    std::string_view value = TakeUntil(rest, "&");
    if (DecodeFormText(TakeUntil(value, "=")) == name) return DecodeFormText(value);
  }
  return std::nullopt;
}

bool StatusHasBody(int status) { return status != 204 && status != 304; }

std::string FormatResponseHead(const HttpResponse& response, bool keep_alive) {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, ReasonPhrase(response.status));
  for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
  if (StatusHasBody(response.status)) {
    head += fmt::format("Content-Length: {}\r\n", response.body ? response.body->size() : 0);
  }
  head += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace telnyx_exporter::simulator
