#include "app/web_rules.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"

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

}  // namespace

FileState StateOfFile(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return {.path = path, .stamp = {}};
  return {.path = path,
          .stamp = fmt::format("{} {} {} {}.{} {}.{}", status.st_dev, status.st_ino, status.st_size,
                               status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                               status.st_ctim.tv_nsec)};
}

WebRulesAttempt WebRulesLoader::Load() {
  WebRulesAttempt attempt{.outcome = LoadedWebRules{}, .files = {StateOfFile(path_)}};
  auto loaded = LoadWebConfigFile(path_);
  if (!loaded) {
    attempt.outcome = std::unexpected(std::move(loaded.error()));
    return attempt;
  }
  WebConfig& config = loaded->config;
  AccessRules rules;
  if (config.tls) {
    for (const PemSource* source :
         {&config.tls->certificate, &config.tls->key, &config.tls->client_ca}) {
      if (!source->file.empty()) attempt.files.push_back(StateOfFile(source->file));
    }
    auto context = LoadTls(*config.tls, loaded->warnings);
    if (!context) {
      attempt.outcome = std::unexpected(std::move(context.error()));
      return attempt;
    }
    rules.tls = std::move(*context);
  }
  rules.headers = std::move(config.headers);
  for (auto& [name, hash] : config.users) rules.users.emplace(name, std::move(hash));
  if (config.rate_limit) {
    rules.request_limit = {.interval = config.rate_limit->interval,
                           .burst = config.rate_limit->burst};
  }
  attempt.outcome = LoadedWebRules{.rules = std::make_shared<const AccessRules>(std::move(rules)),
                                   .warnings = std::move(loaded->warnings)};
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

}  // namespace telnyx_exporter
