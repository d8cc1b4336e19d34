#include "app/web_server.h"

#include <utility>

namespace telnyx_exporter {
namespace {

constexpr std::chrono::seconds kTimeBetweenLooks(1);

}  // namespace

Result<std::unique_ptr<WebServer>> WebServer::Start(const CommandLine& command_line,
                                                    HttpHandler handler,
                                                    std::function<void(int status)> on_refused,
                                                    Log& log) {
  std::unique_ptr<WebServer> web(new WebServer());
  HttpServerSettings settings{
      .listen_addresses = command_line.listen_addresses,
      .systemd_sockets = command_line.systemd_socket,
      .on_refused = [on_refused = std::move(on_refused)](std::string_view /*reason*/, int status) {
        if (on_refused) on_refused(status);
      }};
  WebRulesAttempt attempt;
  if (!command_line.web_config_file.empty()) {
    web->loader_ = std::make_unique<WebRulesLoader>(command_line.web_config_file);
    attempt = web->loader_->Load();
    if (!attempt.outcome) {
      return Fail(FormatConfigMessage(web->loader_->path(), attempt.outcome.error().front()));
    }
    settings.rules = attempt.outcome->rules;
  }
  auto server = HttpServer::Start(settings, std::move(handler));
  if (!server) return std::unexpected(server.error());
  web->server_ = std::move(*server);
  const bool tls = settings.rules != nullptr && settings.rules->tls != nullptr;
  for (const std::string& address : web->server_->bound_addresses()) {
    log.Info("listening", {{"address", address}, {"tls", tls}});
  }
  if (web->loader_ == nullptr) return web;
  const auto apply = [&http = *web->server_](std::shared_ptr<const AccessRules> rules) {
    return http.SetRules(std::move(rules));
  };
  web->Watch(WebRulesWatch(*web->loader_, attempt, apply, log));
  return web;
}

void WebServer::Watch(WebRulesWatch watch) {
  watcher_ = std::jthread([this, watch = std::move(watch)](const std::stop_token& stop) mutable {
    std::unique_lock lock(mutex_);
    while (
        !stopped_.wait_for(lock, stop, kTimeBetweenLooks, [&] { return stop.stop_requested(); })) {
      watch.Look();
    }
  });
}

}  // namespace telnyx_exporter
