#include "app/web_server.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxPemBytes = std::size_t{1} << 20U;

// A message about what a key names: "server.pem is not a certificate".
ConfigMessage About(const PemSource& source, std::string_view text) {
  return MessageAt(source.place, source.file.empty() ? std::string(text)
                                                     : fmt::format("{} {}", source.file, text));
}

// Appends what is wrong with the file's permissions to the warnings, unless it must not be used.
Result<Secret> ReadPem(const PemSource& source, bool secret, std::vector<ConfigMessage>& warnings) {
  if (source.file.empty()) return source.text;
  auto file = ReadSecretFile(source.file, kMaxPemBytes);
  if (!file) return std::unexpected(std::move(file.error()));
  PermissionFaults faults = CheckPermissions(file->status, secret);
  if (!faults.error.empty()) return Fail(std::move(faults.error));
  if (!faults.warning.empty()) warnings.push_back(About(source, faults.warning));
  return std::move(file->text);
}

const PemSource& SourceOf(const WebTlsConfig& tls, TlsFault::Input input) {
  switch (input) {
    case TlsFault::Input::kKey:
      return tls.key;
    case TlsFault::Input::kClientCa:
      return tls.client_ca;
    case TlsFault::Input::kCertificate:
    case TlsFault::Input::kCipherSuites:
      break;
  }
  return tls.certificate;
}

ConfigMessage MessageOf(const WebTlsConfig& tls, const TlsFault& fault) {
  if (fault.input != TlsFault::Input::kCipherSuites) {
    return About(SourceOf(tls, fault.input), fault.text);
  }
  return {.path = "tls_server_config.cipher_suites", .text = fault.text};
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

WebRulesAttempt WebRulesLoader::Load() {
  FileSet files;
  files.Add(path_);
  auto loaded = LoadWebConfigFile(path_);
  if (!loaded) return {.outcome = std::unexpected(std::move(loaded.error())), .files = files};
  WebRulesAttempt attempt = LoadFilesOf(loaded->config);
  attempt.files.Add(files);
  if (attempt.outcome) {
    std::vector<ConfigMessage>& warnings = attempt.outcome->warnings;
    warnings.insert(warnings.begin(), loaded->warnings.begin(), loaded->warnings.end());
  }
  return attempt;
}

WebRulesAttempt WebRulesLoader::LoadFilesOf(const WebConfig& config) {
  WebRulesAttempt attempt{.outcome = LoadedWebRules{.config = config}};
  AccessRules rules;
  if (config.tls) {
    for (const PemSource* source :
         {&config.tls->certificate, &config.tls->key, &config.tls->client_ca}) {
      if (!source->file.empty()) attempt.files.Add(source->file);
    }
    auto context = LoadTls(*config.tls, attempt.outcome->warnings);
    if (!context) {
      attempt.outcome = std::unexpected(std::move(context.error()));
      return attempt;
    }
    rules.tls = std::move(*context);
  }
  rules.headers = config.headers;
  for (const auto& [name, hash] : config.users) rules.users.emplace(name, hash);
  if (config.rate_limit) {
    rules.request_limit = {.interval = config.rate_limit->interval,
                           .burst = config.rate_limit->burst};
  }
  attempt.outcome->rules = std::make_shared<const AccessRules>(std::move(rules));
  return attempt;
}

std::expected<std::shared_ptr<const TlsContext>, WebRulesLoader::Faults> WebRulesLoader::LoadTls(
    const WebTlsConfig& tls, std::vector<ConfigMessage>& warnings) {
  Faults faults;
  std::vector<const PemSource*> unread;
  const auto read = [&](const PemSource& source) {
    auto pem = ReadPem(source, &source == &tls.key, warnings);
    if (!pem) {
      faults.push_back(About(source, pem.error().message));
      unread.push_back(&source);
    }
    return pem.value_or(Secret());
  };
  TlsMaterial material{.certificate = std::string(read(tls.certificate).reveal()),
                       .key = read(tls.key),
                       .client_ca = std::string(read(tls.client_ca).reveal()),
                       .has_client_ca = !tls.client_ca.empty()};
  if (context_ != nullptr && material == material_ && tls.policy == policy_) return context_;

  auto context = TlsContext::Make(tls.policy, material);
  if (!context) {
    for (const TlsFault& fault : context.error()) {
      if (std::ranges::find(unread, &SourceOf(tls, fault.input)) != unread.end()) continue;
      faults.push_back(MessageOf(tls, fault));
    }
    std::ranges::stable_sort(faults, {}, [](const ConfigMessage& message) {
      return std::pair(message.line, message.column);
    });
    return std::unexpected(std::move(faults));
  }
  policy_ = tls.policy;
  material_ = std::move(material);
  context_ = std::move(*context);
  return context_;
}

WebRulesWatch::WebRulesWatch(WebRulesLoader& loader, const WebRulesAttempt& attempt, Events events,
                             Log& log)
    : loader_(loader), events_(std::move(events)), log_(log) {
  files_.Watch(attempt.files);
  Keep(*attempt.outcome);
  events_.on_loaded({});
}

void WebRulesWatch::ReloadChanged() {
  if (!files_.DetectChange()) return;
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
  if (!attempt.outcome) return FormatConfigMessages(loader_.path(), attempt.outcome.error());
  for (const std::string& warning :
       FormatConfigMessages(loader_.path(), attempt.outcome->warnings)) {
    log_.Warn("web configuration", {{"warning", warning}});
  }
  if (auto applied = events_.apply(attempt.outcome->rules); !applied) {
    return {fmt::format("{}: {}", loader_.path(), applied.error().message)};
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
  events_.on_certificate(tls_ == nullptr ? std::nullopt : tls_->expiry());
}

Result<std::unique_ptr<WebServer>> WebServer::Start(Parts parts, Log& log) {
  std::unique_ptr<WebServer> web(new WebServer());
  HttpServerSettings settings = SettingsOf(parts.command_line);
  settings.on_refused = std::move(parts.on_refused);
  WebRulesAttempt attempt;
  if (const std::string& file = parts.command_line.web_config_file; !file.empty()) {
    web->loader_.emplace(file);
    attempt = web->loader_->Load();
    if (!attempt.outcome) return Fail(FormatConfigMessages(file, attempt.outcome.error()).front());
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

void WebServer::ReloadChangedConfig() {
  if (watch_) watch_->ReloadChanged();
}

}  // namespace telnyx_exporter
