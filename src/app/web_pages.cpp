#include "app/web_pages.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "exposition/content_negotiation.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

HttpHandler MetricsHandler(MetricsPage& metrics) {
  return [&metrics](const HttpRequest& request) {
    auto negotiated = NegotiateExposition(request.Header("Accept").value_or(""));
    HttpResponse response{.headers = {{"Content-Type", std::move(negotiated.content_type)},
                                      {"Vary", "Accept, Accept-Encoding"}}};
    if (AcceptsGzip(request.Header("Accept-Encoding").value_or(""))) {
      response.headers.emplace_back("Content-Encoding", "gzip");
      response.body = metrics.GetGzipped(negotiated.format);
    } else {
      response.body = metrics.Get(negotiated.format);
    }
    return response;
  };
}

HttpResponse IndexPage(const std::string& telemetry_path) {
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"},
                      {"Content-Security-Policy", "default-src 'none'"},
                      {"X-Content-Type-Options", "nosniff"}},
          .body = std::make_shared<const std::string>(fmt::format(
              "<!DOCTYPE html>\n"
              "<html lang=\"en\">\n"
              "<head><meta charset=\"utf-8\"><title>telnyx_exporter</title></head>\n"
              "<body>\n"
              "<h1>telnyx_exporter</h1>\n"
              "<ul>\n"
              "<li><a href=\"{0}\">{0}</a>: the metrics</li>\n"
              "<li><a href=\"/-/healthy\">/-/healthy</a>: whether the process works</li>\n"
              "<li><a href=\"/-/ready\">/-/ready</a>: whether every connection was polled</li>\n"
              "</ul>\n"
              "</body>\n"
              "</html>\n",
              telemetry_path))};
}

HttpResponse ReloadNow(Reloader& reloader) {
  const std::vector<std::string> errors = reloader.Reload();
  if (errors.empty()) return TextResponse(200, "Reloaded.\n");
  return TextResponse(500, fmt::format("Not reloaded, the old configuration stays:\n{}\n",
                                       fmt::join(errors, "\n")));
}

}  // namespace

HttpHandler MakeWebHandler(const WebPages& pages) {
  auto router =
      std::make_shared<Router>([&exporter = pages.exporter](std::string_view handler, int status) {
        exporter.CountWebRequest(handler, status);
      });
  router->Add("GET", "/",
              [path = pages.telemetry_path](const HttpRequest&) { return IndexPage(path); });
  router->Add("GET", "/-/healthy",
              [](const HttpRequest&) { return TextResponse(200, "Healthy.\n"); });
  router->Add("GET", "/-/ready", [&connections = pages.connections](const HttpRequest&) {
    return connections.ready()
               ? TextResponse(200, "Ready.\n")
               : TextResponse(503, "Not ready: not every connection was polled yet.\n");
  });
  for (const char* method : {"POST", "PUT"}) {
    router->Add(method, "/-/reload",
                [&reloader = pages.reloader](const HttpRequest&) { return ReloadNow(reloader); });
  }
  router->Add("GET", pages.telemetry_path, MetricsHandler(pages.metrics));
  return [router](const HttpRequest& request) { return router->Answer(request); };
}

}  // namespace telnyx_exporter
