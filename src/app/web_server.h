#pragma once

// The exporter's web server: the HTTP server under the rules of the web configuration file. The
// main loop owns it and lets it look at the file and the certificates now and then; --config.check
// and --healthcheck read the rules alone.

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/tls_policy.h"
#include "config/web_config.h"
#include "web/access_rules.h"
#include "web/http_server.h"

namespace telnyx_exporter {

struct LoadedWebRules {
  std::shared_ptr<const AccessRules> rules;
  WebConfig config;  // what the rules were made from
  std::vector<ConfigMessage> warnings;
};

/// What came of one reading.
struct WebRulesAttempt {
  std::expected<LoadedWebRules, std::vector<ConfigMessage>> outcome;  // or all that is wrong
  FileSet files;  // all that the outcome depends on, as they were before the reading
};

class WebRulesLoader {
 public:
  explicit WebRulesLoader(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  /// Reads everything again. As long as nothing of TLS has changed, its context stays the same.
  WebRulesAttempt Load();
  /// The same with a configuration that was read before: reads only the files that it names.
  WebRulesAttempt LoadFilesOf(const WebConfig& config);

 private:
  using Faults = std::vector<ConfigMessage>;

  std::expected<std::shared_ptr<const TlsContext>, Faults> LoadTls(
      const WebTlsConfig& tls, std::vector<ConfigMessage>& warnings);

  const std::string path_;
  TlsPolicy policy_;
  TlsMaterial material_;
  std::shared_ptr<const TlsContext> context_;  // of the two above; null before the first
};

/// Takes over rules when the web configuration file or a certificate that it names has changed. A
/// broken state is said once and changes nothing but this: certificates of the configuration in
/// force are renewed even while the newer one is refused.
class WebRulesWatch {
 public:
  struct Events {
    /// Makes the server keep to rules.
    std::function<Result<void>(std::shared_ptr<const AccessRules>)> apply;
    /// After each attempt: what is wrong, a line each; none: the file is in force.
    std::function<void(std::vector<std::string> errors)> on_loaded;
    /// Of the certificate in force; nothing without TLS.
    std::function<void(std::optional<WallTime> expiry)> on_certificate;
  };

  /// `attempt` is what the loader's first reading came to; its rules are in force. The loader and
  /// the log must outlive the watch.
  WebRulesWatch(WebRulesLoader& loader, const WebRulesAttempt& attempt, Events events, Log& log);

  /// Looks at the files once.
  void ReloadChanged();

 private:
  /// The errors; none: the rules are in force.
  std::vector<std::string> Use(WebRulesAttempt& attempt);
  std::vector<std::string> RenewCertificates(FileSet& files);
  void Keep(const LoadedWebRules& loaded);

  WebRulesLoader& loader_;
  const Events events_;
  Log& log_;
  FileWatch files_;
  std::vector<std::string> errors_;        // of the last attempt
  WebConfig config_;                       // in force
  std::shared_ptr<const TlsContext> tls_;  // in force
};

class WebServer {
 public:
  struct Parts {
    const CommandLine& command_line;
    HttpHandler handler;
    /// Told the status of each request that does not reach the handler.
    std::function<void(std::string_view reason, int status)> on_refused;
    /// As in WebRulesWatch::Events.
    std::function<void(std::vector<std::string> errors)> on_config_loaded;
    std::function<void(std::optional<WallTime> expiry)> on_certificate;
  };

  /// Listens where the command line says and logs it. The log must outlive the server.
  static Result<std::unique_ptr<WebServer>> Start(Parts parts, Log& log);

  /// Looks at the web configuration and the certificates once. One thread.
  void ReloadChangedConfig();

 private:
  WebServer() = default;

  std::optional<WebRulesLoader> loader_;  // nothing without a web configuration file
  std::unique_ptr<HttpServer> server_;
  std::optional<WebRulesWatch> watch_;
};

}  // namespace telnyx_exporter
