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

HttpResponse ReloadAnswer(const MainLoop::ReloadErrors& errors) {
  if (errors.empty()) return TextResponse(200, "Reloaded.\n");
  return TextResponse(500, fmt::format("Not reloaded, the old configuration stays:\n{}\n",
                                       fmt::join(errors, "\n")));
}

// The main loop reloads and answers; no serving thread waits for it.
HttpHandler ReloadHandler(std::function<void(MainLoop::OnReloaded)> request_reload) {
  if (!request_reload) {
    return [](const HttpRequest&) { return TextResponse(403, "Lifecycle API is not enabled.\n"); };
  }
  return [request_reload = std::move(request_reload)](const HttpRequest&) {
    return HttpResponse{.later = [&request_reload](AnswerRequest answer) {
      request_reload([answer = std::move(answer)](const MainLoop::ReloadErrors& errors) mutable {
        answer(ReloadAnswer(errors));
      });
    }};
  };
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
  router->Add("GET", "/-/healthy", [&watchdog = pages.watchdog](const HttpRequest&) {
    return watchdog.healthy() ? TextResponse(200, "Healthy.\n")
                              : TextResponse(503, "Not healthy: the polling loop hangs.\n");
  });
  router->Add("GET", "/-/ready", [&state = pages.state](const HttpRequest&) {
    return state.ready() ? TextResponse(200, "Ready.\n")
                         : TextResponse(503, "Not ready: not every connection was polled yet.\n");
  });
  for (const char* method : {"POST", "PUT"}) {
    router->Add(method, "/-/reload", ReloadHandler(pages.request_reload));
  }
  router->Add("GET", pages.telemetry_path, MetricsHandler(pages.metrics));
  return [router](const HttpRequest& request) { return router->Answer(request); };
}

}  // namespace telnyx_exporter
