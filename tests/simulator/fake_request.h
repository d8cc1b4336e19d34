#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "web/http_server.h"

namespace telnyx_exporter::simulator {

/// A request without a connection.
class FakeRequest final : public HttpRequest {
 public:
  FakeRequest(std::string path, std::map<std::string, std::string> query,
              std::string method = "GET", std::string authorization = "Bearer KEY")
      : path_(std::move(path)),
        query_(std::move(query)),
        method_(std::move(method)),
        authorization_(std::move(authorization)) {}

  std::string_view method() const override { return method_; }
  std::string_view path() const override { return path_; }
  std::string_view query() const override { return {}; }
  std::optional<std::string> Header(std::string_view name) const override {
    return name == "Authorization" && !authorization_.empty() ? std::optional(authorization_)
                                                              : std::nullopt;
  }
  std::optional<std::string> Query(std::string_view name) const override {
    const auto found = query_.find(std::string(name));
    return found == query_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::string path_;
  std::map<std::string, std::string> query_;
  std::string method_;
  std::string authorization_;
};

}  // namespace telnyx_exporter::simulator
