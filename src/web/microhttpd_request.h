#pragma once

// A request and an answer in libmicrohttpd's terms.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <microhttpd.h>

#include "web/http_server.h"

namespace telnyx_exporter {

class MicrohttpdRequest final : public HttpRequest {
 public:
  MicrohttpdRequest(MHD_Connection* connection, std::string_view method, std::string_view path,
                    std::string_view query)
      : connection_(connection), method_(method), path_(path), query_(query) {}

  std::string_view method() const override { return method_; }
  std::string_view path() const override { return path_; }
  std::string_view query() const override { return query_; }
  std::optional<std::string> Header(std::string_view name) const override;
  std::optional<std::string> Query(std::string_view name) const override;

 private:
  MHD_Connection* connection_;
  std::string_view method_;
  std::string_view path_;
  std::string_view query_;
};

/// Sends the response, with the headers in place of its own of the same name. MHD_NO: the
/// connection is to be closed.
MHD_Result QueueResponse(MHD_Connection* connection, HttpResponse response,
                         const std::vector<std::pair<std::string, std::string>>& headers);

}  // namespace telnyx_exporter
