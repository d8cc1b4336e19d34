#include "web/router.h"

#include <utility>

namespace telnyx_exporter {
namespace {

std::string AllowedMethods(const auto& methods) {
  std::string allowed;
  for (const auto& [method, handler] : methods) {
    if (!allowed.empty()) allowed += ", ";
    allowed += method == "GET" ? "GET, HEAD" : method;
  }
  return allowed;
}

}  // namespace

HttpResponse TextResponse(int status, std::string_view text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"},
                      {"X-Content-Type-Options", "nosniff"}},
          .body = std::make_shared<const std::string>(text)};
}

void Router::Add(std::string method, std::string path, HttpHandler handler) {
  paths_[std::move(path)].insert_or_assign(std::move(method), std::move(handler));
}

HttpResponse Router::Answer(const HttpRequest& request) const {
  const auto path = paths_.find(request.path());
  HttpResponse response =
      path == paths_.end() ? TextResponse(404, "Not found.\n") : Route(request, path->second);
  const std::string name = path == paths_.end() ? "other" : path->first;
  if (!response.later) {
    on_answered_(name, response.status);
    return response;
  }
  response.later = [this, name, later = std::move(response.later)](AnswerRequest answer) {
    later([this, name, answer = std::move(answer)](HttpResponse known) mutable {
      on_answered_(name, known.status);
      answer(std::move(known));
    });
  };
  return response;
}

HttpResponse Router::Route(const HttpRequest& request, const Methods& methods) const {
  const std::string_view method = request.method() == "HEAD" ? "GET" : request.method();
  const auto handler = methods.find(method);
  if (handler != methods.end()) return handler->second(request);
  HttpResponse response = TextResponse(405, "Method not allowed.\n");
  response.headers.emplace_back("Allow", AllowedMethods(methods));
  return response;
}

}  // namespace telnyx_exporter
