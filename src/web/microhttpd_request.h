#pragma once

// Requests and answers in libmicrohttpd's terms. The server calls this on its serving threads.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <microhttpd.h>

#include "web/http_server.h"
#include "web/request_head.h"

namespace telnyx_exporter {

class MicrohttpdRequest final : public HttpRequest {
 public:
  MicrohttpdRequest(MHD_Connection* connection, std::string_view method,
                    const CheckedRequest& checked)
      : connection_(connection), method_(method), checked_(checked) {}

  std::string_view method() const override { return method_; }
  std::string_view path() const override { return checked_.path; }
  std::string_view query() const override { return checked_.query; }
  std::optional<std::string> Header(std::string_view name) const override;
  std::optional<std::string> Query(std::string_view name) const override;

 private:
  MHD_Connection* connection_;
  std::string_view method_;
  const CheckedRequest& checked_;
};

/// A request line as libmicrohttpd hands it out in two callbacks.
struct MicrohttpdRequestLine {
  const char* raw_target = nullptr;  // where libmicrohttpd has decoded the target since
  std::string target;                // as it came
  const char* method = nullptr;
  const char* version = nullptr;
};

/// The head of a request whose headers have come. Views are valid as long as the request and
/// `line`. Fails when the bytes that came are not exactly what the head says.
std::expected<RequestHead, RequestFault> ReadRequestHead(MHD_Connection* connection,
                                                         const MicrohttpdRequestLine& line);

/// What an answer gets besides its own headers.
struct ResponseDress {
  /// In place of the answer's own headers of the same name.
  const std::vector<std::pair<std::string, std::string>>& headers;
  bool close = false;  // the connection afterwards
};

/// Sends the response. MHD_NO: the connection is to be closed.
MHD_Result QueueResponse(MHD_Connection* connection, HttpResponse response,
                         const ResponseDress& dress);

}  // namespace telnyx_exporter
