#pragma once

// The exporter's web server: the HTTP server under the rules of the web configuration file. The
// main loop owns it and lets it look at the file and the certificates now and then; --config.check
// reads the rules alone.

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
#include "config/web_config.h"
#include "web/access_rules.h"
#include "web/http_server.h"

namespace telnyx_exporter {

/// A web configuration and the rules that were made from it.
struct LoadedWebRules : LoadedWebConfig {
  std::shared_ptr<const AccessRules> rules;
};

/// What came of one reading.
struct WebRulesAttempt {
  std::expected<LoadedWebRules, std::vector<ConfigMessage>> outcome;  // or all that is wrong
  FileSet files;  // all that the outcome depends on, as they were before the reading
};

/// Reads the web configuration file and what it names. `in_force` stays the rules' TLS context as
/// long as nothing of TLS has changed; null: there is none.
WebRulesAttempt LoadWebRules(const std::string& path,
                             const std::shared_ptr<const TlsContext>& in_force = nullptr);

/// Takes over rules when the web configuration file or a certificate that it names has changed. A
/// broken state is said once and changes nothing but this: certificates of the configuration in
/// force are renewed even while the newer one is refused. While it lasts the files are read again
/// now and then, because a file system may fail for a while.
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

  /// `attempt` is what the first reading of the file came to; its rules are in force. The log must
  /// outlive the watch.
  WebRulesWatch(std::string path, const WebRulesAttempt& attempt, Events events, Log& log);

  /// Looks at the files once.
  void ReloadChanged();

 private:
  /// The errors; none: the rules are in force.
  std::vector<std::string> Use(WebRulesAttempt& attempt);
  std::vector<std::string> RenewCertificates(FileSet& files);
  void Keep(const LoadedWebRules& loaded);

  const std::string path_;
  const Events events_;
  Log& log_;
  FileWatch files_;
  std::vector<std::string> errors_;        // of the last attempt
  WebConfig config_;                       // in force
  std::shared_ptr<const TlsContext> tls_;  // in force
};

struct WebServer {
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<WebRulesWatch> watch;  // null without a web configuration file
};

/// Listens where the command line says and logs it. The log must outlive the server. `on_refused`
/// is told the status of each request that does not reach the handler; of `events` all is used but
/// `apply`.
Result<WebServer> StartWebServer(
    const CommandLine& command_line, HttpHandler handler,
    std::function<void(std::string_view reason, int status)> on_refused,
    WebRulesWatch::Events events, Log& log);

}  // namespace telnyx_exporter
