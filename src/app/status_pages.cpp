#include "app/status_pages.h"

#include <memory>
#include <string_view>
#include <utility>

#include "base/build_info.h"
#include "base/gzip.h"
#include "config/config_text.h"
#include "exposition/content_negotiation.h"
#include "pages/assets.h"
#include "pages/status_page.h"

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

Moment Now(const StatusPages& pages) {
  return {.now = pages.clock.Now(), .wall = pages.clock.WallNow()};
}

ExporterFacts Facts(const StatusPages& pages, const Moment& moment) {
  return {.build = GetBuildInfo(),
          .uptime = moment.now - pages.started,
          .config = pages.reloader.load_state(),
          .telemetry_path = pages.telemetry_path};
}

HttpResponse StatusPage(const StatusPages& pages, const HttpRequest& request) {
  const Moment moment = Now(pages);
  StatusQuery query = ParseStatusQuery([&](std::string_view name) { return request.Query(name); });
  const StatusData data = CollectStatus(pages.state.Read(), std::move(query), moment.now);
  return AnswerHtml(request, 200, RenderStatusPage(data, Facts(pages, moment), moment));
}

HttpResponse ConnectionPage(const StatusPages& pages, const HttpRequest& request) {
  const Moment moment = Now(pages);
  const std::string account = request.Query("account").value_or("");
  const std::string id = request.Query("id").value_or("");
  const auto connection = FindConnection(pages.state.Read(), account, id);
  const ExporterFacts facts = Facts(pages, moment);
  if (!connection) {
    return AnswerHtml(request, 404, RenderNoConnectionPage(account, id, facts, moment));
  }
  return AnswerHtml(request, 200, RenderConnectionPage(*connection, facts, moment));
}

HttpResponse ConfigPage(const StatusPages& pages, const HttpRequest& request) {
  return Answer(request, 200, "text/plain; charset=utf-8", "no-store",
                "# The configuration in force, defaults filled in, secrets left out.\n" +
                    FormatConfig(*pages.reloader.config()));
}

HttpResponse Asset(const PageAsset& asset, const HttpRequest& request) {
  // Under its own address for ever, under that of another version not at all.
  const bool own = asset.address.ends_with('?' + std::string(request.query()));
  return Answer(request, 200, asset.content_type,
                own ? "public, max-age=31536000, immutable" : "no-store", std::string(asset.bytes));
}

}  // namespace

void AddStatusPages(const StatusPages& pages, Router& router) {
  const auto add = [&](std::string path,
                       HttpResponse (*answer)(const StatusPages&, const HttpRequest&)) {
    router.Add("GET", std::move(path),
               [pages, answer](const HttpRequest& request) { return answer(pages, request); });
  };
  add("/", &StatusPage);
  add("/connection", &ConnectionPage);
  add("/config", &ConfigPage);
  for (const PageAsset* asset : {&StyleAsset(), &ScriptAsset(), &IconAsset()}) {
    router.Add("GET", std::string(asset->path),
               [asset](const HttpRequest& request) { return Asset(*asset, request); });
  }
}

}  // namespace telnyx_exporter
