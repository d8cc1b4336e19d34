#pragma once

// The web configuration file and the certificates that it names, as rules for the web server.

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/file_watch.h"
#include "base/clock.h"
#include "base/tls_policy.h"
#include "config/web_config.h"
#include "web/access_rules.h"

namespace telnyx_exporter {

struct LoadedWebRules {
  std::shared_ptr<const AccessRules> rules;
  WebConfig config;                            // what the rules were made from
  std::optional<WallTime> certificate_expiry;  // the earliest of the chain; nothing without TLS
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

}  // namespace telnyx_exporter
