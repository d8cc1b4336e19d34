#include "app/web_pages.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/status_pages.h"
#include "exposition/content_negotiation.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

HttpHandler MetricsHandler(MetricsExposition& metrics) {
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
  AddStatusPages({.state = pages.state,
                  .reloader = pages.reloader,
                  .clock = pages.clock,
                  .started = pages.started,
                  .telemetry_path = pages.telemetry_path},
                 *router);
  router->Add("GET", "/-/healthy",
              [](const HttpRequest&) { return TextResponse(200, "Healthy.\n"); });
  router->Add("GET", "/-/ready", [&state = pages.state](const HttpRequest&) {
    return state.ready() ? TextResponse(200, "Ready.\n")
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
