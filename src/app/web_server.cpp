#include "app/web_server.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {
namespace {

std::vector<std::string> Lines(const std::string& file,
                               const std::vector<ConfigMessage>& messages) {
  std::vector<std::string> lines;
  for (const ConfigMessage& message : messages) lines.push_back(FormatConfigMessage(file, message));
  return lines;
}

bool Contains(const std::vector<std::string>& lines, const std::string& line) {
  return std::ranges::find(lines, line) != lines.end();
}

HttpServerSettings SettingsOf(const CommandLine& command_line) {
  HttpServerSettings settings{.listen_addresses = command_line.listen_addresses,
                              .systemd_sockets = command_line.systemd_socket,
                              .max_requests = command_line.max_requests};
  if (command_line.probes_without_auth) settings.open_paths = {"/-/healthy", "/-/ready"};
  return settings;
}

}  // namespace

WebRulesWatch::WebRulesWatch(WebRulesLoader& loader, const WebRulesAttempt& attempt, Events events,
                             Log& log)
    : loader_(loader), events_(std::move(events)), log_(log) {
  files_.Watch(attempt.files);
  Keep(*attempt.outcome);
  events_.on_loaded({});
}

void WebRulesWatch::Look() {
  if (!files_.TakeChange()) return;
  WebRulesAttempt attempt = loader_.Load();
  std::vector<std::string> errors = Use(attempt);
  std::vector<std::string> all_errors = errors;
  if (errors.empty()) {
    const LoadedWebRules& loaded = *attempt.outcome;
    log_.Info("web configuration reloaded", {{"file", loader_.path()},
                                             {"tls", loaded.rules->tls != nullptr},
                                             {"users", loaded.rules->users.size()}});
  } else {
    for (const std::string& error : RenewCertificates(attempt.files)) {
      all_errors.push_back(error);
      if (!Contains(errors, error) && !Contains(errors_, error)) errors.push_back(error);
    }
  }
  for (const std::string& error : errors) {
    log_.Error("web configuration refused, the old one stays", {{"error", error}});
  }
  errors_ = std::move(all_errors);
  files_.Watch(std::move(attempt.files));
  events_.on_loaded(std::move(errors));
}

std::vector<std::string> WebRulesWatch::Use(WebRulesAttempt& attempt) {
  if (!attempt.outcome) return Lines(loader_.path(), attempt.outcome.error());
  for (const std::string& warning : Lines(loader_.path(), attempt.outcome->warnings)) {
    log_.Warn("web configuration", {{"warning", warning}});
  }
  if (auto applied = events_.apply(attempt.outcome->rules); !applied) {
    return {std::move(applied.error().message)};
  }
  Keep(*attempt.outcome);
  return {};
}

// The configuration in force keeps its own certificates, which may be newer now. Returns the
// errors.
std::vector<std::string> WebRulesWatch::RenewCertificates(FileSet& files) {
  WebRulesAttempt renewal = loader_.LoadFilesOf(config_);
  files.Add(renewal.files);
  if (renewal.outcome && renewal.outcome->rules->tls == tls_) return {};
  std::vector<std::string> errors = Use(renewal);
  if (errors.empty()) log_.Info("certificates reloaded", {{"file", loader_.path()}});
  return errors;
}

void WebRulesWatch::Keep(const LoadedWebRules& loaded) {
  config_ = loaded.config;
  tls_ = loaded.rules->tls;
  events_.on_certificate(loaded.certificate_expiry);
}

Result<std::unique_ptr<WebServer>> WebServer::Start(Parts parts, Log& log) {
  std::unique_ptr<WebServer> web(new WebServer());
  HttpServerSettings settings = SettingsOf(parts.command_line);
  settings.on_refused = std::move(parts.on_refused);
  WebRulesAttempt attempt;
  if (const std::string& file = parts.command_line.web_config_file; !file.empty()) {
    web->loader_.emplace(file);
    attempt = web->loader_->Load();
    if (!attempt.outcome) return Fail(Lines(file, attempt.outcome.error()).front());
    settings.rules = attempt.outcome->rules;
  }
  auto server = HttpServer::Start(settings, std::move(parts.handler));
  if (!server) return std::unexpected(server.error());
  web->server_ = std::move(*server);
  const bool tls = settings.rules != nullptr && settings.rules->tls != nullptr;
  for (const std::string& address : web->server_->bound_addresses()) {
    log.Info("listening", {{"address", address}, {"tls", tls}});
  }
  if (web->loader_) {
    web->watch_.emplace(
        *web->loader_, attempt,
        WebRulesWatch::Events{.apply = [&http = *web->server_](
                                           auto rules) { return http.SetRules(std::move(rules)); },
                              .on_loaded = std::move(parts.on_config_loaded),
                              .on_certificate = std::move(parts.on_certificate)},
        log);
  }
  return web;
}

void WebServer::LookAtConfig() {
  if (watch_) watch_->Look();
}

}  // namespace telnyx_exporter
