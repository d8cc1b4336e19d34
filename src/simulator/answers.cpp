#include "simulator/answers.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter::simulator {

HttpResponse JsonAnswer(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json; charset=utf-8"}},
          .body = std::make_shared<const std::string>(std::move(body))};
}

HttpResponse ErrorAnswer(int status, std::string_view code, std::string_view title,
                         std::string_view detail, std::string_view parameter) {
  std::string source;
  if (!parameter.empty()) source = fmt::format(R"(,"source":{{"parameter":"{}"}})", parameter);
  return JsonAnswer(
      status, fmt::format(R"({{"errors":[{{"code":"{}","title":"{}","detail":"{}"{}}}]}})", code,
                          title, detail, source));
}

HttpResponse HtmlAnswer(int status) {
  return {.status = status,
          .headers = {{"Content-Type", "text/html; charset=utf-8"}},
          .body = std::make_shared<const std::string>(
              "<html>\n<head><title>Simulated maintenance</title></head>\n"
              "<body><h1>We will be back soon</h1></body>\n</html>\n")};
}

HttpResponse KeyRefused() {
  return ErrorAnswer(401, "10009", "Authentication failed",
                     "The required authentication headers were either invalid or not included in "
                     "the request.");
}

HttpResponse NotFound() {
  return ErrorAnswer(404, "10005", "Resource not found",
                     "The requested resource or URL could not be found.");
}

HttpResponse TooManyRequests() {
  return ErrorAnswer(429, "10011", "Too many requests", "You have exceeded the limit.");
}

}  // namespace telnyx_exporter::simulator
