#include "app/web_handler.h"

#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/build_info.h"
#include "base/gzip.h"
#include "config/config_keys.h"
#include "exposition/content_negotiation.h"
#include "pages/page_parts.h"
#include "pages/status_page.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

// Nothing from elsewhere, nothing inline, no page around ours.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

HttpResponse Answer(const HttpRequest& request, int status, std::string_view content_type,
                    std::string_view cache_control, std::string body) {
  HttpResponse response{.status = status,
                        .headers = {{"Content-Type", std::string(content_type)},
                                    {"Cache-Control", std::string(cache_control)},
                                    {"X-Content-Type-Options", "nosniff"},
                                    {"Vary", "Accept-Encoding"}}};
  if (AcceptsGzip(request.Header("Accept-Encoding").value_or(""))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    body = Gzip(body);
  }
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

HttpResponse AnswerHtml(const HttpRequest& request, int status, std::string html) {
  HttpResponse response =
      Answer(request, status, "text/html; charset=utf-8", "no-store", std::move(html));
  response.headers.emplace_back("Content-Security-Policy", kContentSecurityPolicy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

Moment Now(const HandlerParts& parts) {
  return {.now = parts.clock.Now(), .wall = parts.clock.WallNow()};
}

ExporterFacts Facts(const HandlerParts& parts, const Moment& moment) {
  return {.build = GetBuildInfo(),
          .uptime = moment.now - parts.started,
          .config = parts.reloader.load_state(),
          .telemetry_path = parts.telemetry_path};
}

HttpResponse StatusPage(const HandlerParts& parts, const HttpRequest& request) {
  const Moment moment = Now(parts);
  StatusQuery query = ParseStatusQuery([&](std::string_view name) { return request.Query(name); });
  const StatusData data = CollectStatus(parts.state.Read(), std::move(query), moment.now);
  return AnswerHtml(request, 200, RenderStatusPage(data, Facts(parts, moment), moment));
}

HttpResponse ConnectionPage(const HandlerParts& parts, const HttpRequest& request) {
  const Moment moment = Now(parts);
  const std::string account = request.Query("account").value_or("");
  const std::string id = request.Query("id").value_or("");
  const auto connection = FindConnection(parts.state.Read(), account, id);
  const ExporterFacts facts = Facts(parts, moment);
  if (!connection) {
    return AnswerHtml(request, 404, RenderNoConnectionPage(account, id, facts, moment));
  }
  return AnswerHtml(request, 200, RenderConnectionPage(*connection, facts, moment));
}

HttpResponse ConfigPage(const HandlerParts& parts, const HttpRequest& request) {
  return Answer(request, 200, "text/plain; charset=utf-8", "no-store",
                "# The configuration in force, defaults filled in, secrets left out.\n" +
                    FormatConfig(*parts.reloader.config()));
}

HttpResponse Asset(const PageAsset& asset, const HttpRequest& request) {
  // Under its own address for ever, under that of another version not at all.
  const bool own = asset.address.ends_with('?' + std::string(request.query()));
  return Answer(request, 200, asset.content_type,
                own ? "public, max-age=31536000, immutable" : "no-store", std::string(asset.bytes));
}

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

// "/", "/connection", "/config" and "/static/…".
void AddStatusPages(const HandlerParts& parts, Router& router) {
  const auto add = [&](std::string path,
                       HttpResponse (*answer)(const HandlerParts&, const HttpRequest&)) {
    router.Add("GET", std::move(path),
               [parts, answer](const HttpRequest& request) { return answer(parts, request); });
  };
  add("/", &StatusPage);
  add("/connection", &ConnectionPage);
  add("/config", &ConfigPage);
  for (const PageAsset* asset : {&StyleAsset(), &ScriptAsset(), &IconAsset()}) {
    router.Add("GET", std::string(asset->path),
               [asset](const HttpRequest& request) { return Asset(*asset, request); });
  }
}

}  // namespace

HttpHandler MakeWebHandler(const HandlerParts& parts) {
  auto router =
      std::make_shared<Router>([&exporter = parts.exporter](std::string_view handler, int status) {
        exporter.CountWebRequest(handler, status);
      });
  AddStatusPages(parts, *router);
  router->Add("GET", "/-/healthy", [&watchdog = parts.watchdog](const HttpRequest&) {
    return watchdog.healthy() ? TextResponse(200, "Healthy.\n")
                              : TextResponse(503, "Not healthy: the polling loop hangs.\n");
  });
  router->Add("GET", "/-/ready", [&state = parts.state](const HttpRequest&) {
    return state.ready() ? TextResponse(200, "Ready.\n")
                         : TextResponse(503, "Not ready: not every connection was polled yet.\n");
  });
  for (const char* method : {"POST", "PUT"}) {
    router->Add(method, "/-/reload", ReloadHandler(parts.request_reload));
  }
  router->Add("GET", parts.telemetry_path, MetricsHandler(parts.metrics));
  return [router](const HttpRequest& request) { return router->Answer(request); };
}

}  // namespace telnyx_exporter
