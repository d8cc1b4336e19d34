#include "app/web_server.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

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

HttpServerSettings SettingsOf(const CommandLine& command_line) {
  HttpServerSettings settings{.listen_addresses = command_line.listen_addresses,
                              .limits = {.answers = command_line.max_requests},
                              .systemd_sockets = command_line.systemd_socket};
  if (command_line.probes_without_auth) settings.open_paths = {"/-/healthy", "/-/ready"};
  return settings;
}

// The context in force where nothing of TLS has changed, a new one, or all that is wrong.
std::expected<std::shared_ptr<const TlsContext>, std::vector<ConfigMessage>> LoadTls(
    const WebTlsConfig& tls, const std::shared_ptr<const TlsContext>& in_force,
    std::vector<ConfigMessage>& warnings) {
  std::vector<ConfigMessage> faults;
  std::vector<const PemSource*> unread;
  const auto read = [&](const PemSource& source) {
    auto pem = ReadPem(source, &source == &tls.key, warnings);
    if (!pem) {
      faults.push_back(About(source, pem.error().message));
      unread.push_back(&source);
    }
    return pem.value_or(Secret());
  };
  const TlsMaterial material{.certificate = std::string(read(tls.certificate).reveal()),
                             .key = read(tls.key),
                             .client_ca = std::string(read(tls.client_ca).reveal()),
                             .has_client_ca = !tls.client_ca.empty()};
  if (in_force != nullptr && in_force->IsMadeOf(tls.policy, material)) return in_force;

  auto context = TlsContext::Make(tls.policy, material);
  if (context) {
    const auto expiry = (*context)->expiry();
    if (expiry && *expiry < std::chrono::system_clock::now()) {
      warnings.push_back(About(tls.certificate, "has expired: clients that check it refuse it"));
    }
    return std::move(*context);
  }
  for (const TlsFault& fault : context.error()) {
    if (std::ranges::find(unread, &SourceOf(tls, fault.input)) != unread.end()) continue;
    faults.push_back(MessageOf(tls, fault));
  }
  std::ranges::stable_sort(faults, {}, [](const ConfigMessage& message) {
    return std::pair(message.line, message.column);
  });
  return std::unexpected(std::move(faults));
}

// The rules of a configuration that was read before: reads only the files that it names.
WebRulesAttempt MakeWebRules(LoadedWebConfig loaded,
                             const std::shared_ptr<const TlsContext>& in_force) {
  WebRulesAttempt attempt{.outcome = LoadedWebRules{std::move(loaded), nullptr}};
  const WebConfig& config = attempt.outcome->config;
  AccessRules rules{.headers = config.headers};
  if (config.tls) {
    for (const PemSource* source :
         {&config.tls->certificate, &config.tls->key, &config.tls->client_ca}) {
      if (!source->file.empty()) attempt.files.Add(source->file);
    }
    auto context = LoadTls(*config.tls, in_force, attempt.outcome->warnings);
    if (!context) {
      attempt.outcome = std::unexpected(std::move(context.error()));
      return attempt;
    }
    rules.tls = std::move(*context);
  }
  rules.users = {config.users.begin(), config.users.end()};
  if (config.rate_limit) {
    rules.request_limit = {.interval = config.rate_limit->interval,
                           .burst = config.rate_limit->burst};
  }
  attempt.outcome->rules = std::make_shared<const AccessRules>(std::move(rules));
  return attempt;
}

}  // namespace

WebRulesAttempt LoadWebRules(const std::string& path,
                             const std::shared_ptr<const TlsContext>& in_force) {
  FileSet files;
  files.Add(path);
  auto loaded = LoadWebConfigFile(path);
  if (!loaded) return {.outcome = std::unexpected(std::move(loaded.error())), .files = files};
  WebRulesAttempt attempt = MakeWebRules(std::move(*loaded), in_force);
  attempt.files.Add(files);
  return attempt;
}

WebRulesWatch::WebRulesWatch(std::string path, const WebRulesAttempt& attempt, Events events,
                             Log& log)
    : path_(std::move(path)), events_(std::move(events)), log_(log) {
  files_.Watch(attempt.files);
  Keep(*attempt.outcome);
  events_.on_loaded({});
}

void WebRulesWatch::ReloadChanged() {
  const bool changed = files_.DetectChange();
  if (!changed && (errors_.empty() || !files_.RetryIsDue())) return;
  WebRulesAttempt attempt = LoadWebRules(path_, tls_);
  std::vector<std::string> errors = Use(attempt);
  // A change that is refused is said even if the one before it was refused for the same reason.
  const std::size_t said_anyway = changed ? errors.size() : 0;
  if (errors.empty()) {
    const LoadedWebRules& loaded = *attempt.outcome;
    log_.Info("web configuration reloaded", {{"file", path_},
                                             {"tls", loaded.rules->tls != nullptr},
                                             {"users", loaded.rules->users.size()}});
  } else {
    for (std::string& error : RenewCertificates(attempt.files)) {
      if (!Contains(errors, error)) errors.push_back(std::move(error));
    }
  }
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (i >= said_anyway && Contains(errors_, errors[i])) continue;
    log_.Error("web configuration refused, the old one stays", {{"error", errors[i]}});
  }
  errors_ = std::move(errors);
  files_.Watch(std::move(attempt.files));
  events_.on_loaded(errors_);
}

std::vector<std::string> WebRulesWatch::Use(WebRulesAttempt& attempt) {
  if (!attempt.outcome) return FormatConfigMessages(path_, attempt.outcome.error());
  if (const std::string fault = FindUnsaidRemoval(*attempt.outcome, config_); !fault.empty()) {
    return {fmt::format("{}: {}", path_, fault)};
  }
  if (auto applied = events_.apply(attempt.outcome->rules); !applied) {
    return {fmt::format("{}: {}", path_, applied.error().message)};
  }
  for (const std::string& warning : FormatConfigMessages(path_, attempt.outcome->warnings)) {
    log_.Warn("web configuration", {{"warning", warning}});
  }
  Keep(*attempt.outcome);
  return {};
}

// The configuration in force keeps its own certificates, which may be newer now. Returns the
// errors.
std::vector<std::string> WebRulesWatch::RenewCertificates(FileSet& files) {
  WebRulesAttempt renewal = MakeWebRules({.config = config_}, tls_);
  files.Add(renewal.files);
  if (renewal.outcome && renewal.outcome->rules->tls == tls_) return {};
  std::vector<std::string> errors = Use(renewal);
  if (errors.empty()) log_.Info("certificates reloaded", {{"file", path_}});
  return errors;
}

void WebRulesWatch::Keep(const LoadedWebRules& loaded) {
  config_ = loaded.config;
  tls_ = loaded.rules->tls;
  events_.on_certificate(tls_ == nullptr ? std::nullopt : tls_->expiry());
}

Result<WebServer> StartWebServer(
    const CommandLine& command_line, HttpHandler handler,
    std::function<void(std::string_view reason, int status)> on_refused,
    WebRulesWatch::Events events, Log& log) {
  HttpServerSettings settings = SettingsOf(command_line);
  settings.on_refused = std::move(on_refused);
  const std::string& file = command_line.web_config_file;
  WebRulesAttempt attempt;
  if (!file.empty()) {
    attempt = LoadWebRules(file);
    if (!attempt.outcome) return Fail(FormatConfigMessages(file, attempt.outcome.error()).front());
    settings.rules = attempt.outcome->rules;
  }
  auto server = HttpServer::Start(settings, std::move(handler));
  if (!server) return std::unexpected(server.error());
  WebServer web{.http = std::move(*server), .watch = nullptr};
  const bool tls = settings.rules != nullptr && settings.rules->tls != nullptr;
  for (const std::string& address : web.http->bound_addresses()) {
    log.Info("listening", {{"address", address}, {"tls", tls}});
  }
  if (file.empty()) return web;
  events.apply = [&http = *web.http](auto rules) { return http.SetRules(std::move(rules)); };
  web.watch = std::make_unique<WebRulesWatch>(file, attempt, std::move(events), log);
  return web;
}

}  // namespace telnyx_exporter
