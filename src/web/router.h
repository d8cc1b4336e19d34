#pragma once

// Which handler answers which path. Answers by itself what needs no handler: unknown paths, methods
// that a path does not have, and HEAD wherever GET is.

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "web/http_server.h"

namespace telnyx_exporter {

/// A short answer for people, as plain text in UTF-8.
HttpResponse TextResponse(int status, std::string_view text);

class Router {
 public:
  /// Called with the handler's name (its path, "other" for unknown ones) and the status of each
  /// answer.
  using OnAnswered = std::function<void(std::string_view handler, int status)>;

  explicit Router(OnAnswered on_answered) : on_answered_(std::move(on_answered)) {}

  /// Before the server starts only.
  void Add(std::string method, std::string path, HttpHandler handler);

  /// The router must outlive an answer that comes later.
  HttpResponse Answer(const HttpRequest& request) const;

 private:
  using Methods = std::map<std::string, HttpHandler, std::less<>>;

  HttpResponse Route(const HttpRequest& request, const Methods& methods) const;

  OnAnswered on_answered_;
  std::map<std::string, Methods, std::less<>> paths_;
};

}  // namespace telnyx_exporter
