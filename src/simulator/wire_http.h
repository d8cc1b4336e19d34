#pragma once

// What the simulator's server can be told to do with a request: answer it, or act on the bytes of
// the client's connection itself, which is how a network or a broken server misbehaves. With it is
// HTTP/1.1 as bytes: the head of a request to an HttpRequest, an HttpResponse to the head that goes
// before its body. On the connection's thread.

#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

class Wire;

/// Runs on the connection's thread; the connection is closed when it returns.
using WireScript = std::function<void(Wire&)>;
using WireAnswer = std::variant<HttpResponse, WireScript>;
using WireHandler = std::function<WireAnswer(const HttpRequest&)>;

class WireRequest final : public HttpRequest {
 public:
  /// `head` is everything up to and with the empty line. Fails with the status to refuse it with.
  static std::expected<WireRequest, int> Parse(std::string_view head);

  std::string_view method() const override { return method_; }
  std::string_view path() const override { return path_; }
  std::string_view query() const override { return query_; }
  std::optional<std::string> Header(std::string_view name) const override;
  std::optional<std::string> Query(std::string_view name) const override;

  /// Bytes of the body that follows the head.
  std::size_t content_length() const { return content_length_; }
  /// The client wants to send further requests on the connection.
  bool keep_alive() const { return keep_alive_; }

 private:
  int ReadRequestLine(std::string_view line);
  int ReadFraming();

  std::string method_;
  std::string path_;
  std::string query_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::size_t content_length_ = 0;
  bool keep_alive_ = false;
};

/// The status line, all headers and the empty line after them. The response's own headers do
/// not frame it: Content-Length and, where the connection ends, Connection are added.
std::string FormatResponseHead(const HttpResponse& response, bool keep_alive);

/// 204 and 304 never have a body.
bool StatusHasBody(int status);

}  // namespace telnyx_exporter::simulator
