#pragma once

// The web configuration file and the certificates that it names, as rules for the web server.

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/tls_policy.h"
#include "config/load_web_config.h"
#include "web/access_rules.h"

namespace telnyx_exporter {

struct LoadedWebRules {
  std::shared_ptr<const AccessRules> rules;
  std::vector<ConfigMessage> warnings;
};

/// A file and everything that tells one state of it from another without reading it.
struct FileState {
  std::string path;
  std::string stamp;

  bool operator==(const FileState&) const = default;
};

FileState StateOfFile(const std::string& path);

/// What came of one reading.
struct WebRulesAttempt {
  std::expected<LoadedWebRules, std::vector<ConfigMessage>> outcome;  // or all that is wrong
  std::vector<FileState> files;  // all that the outcome hangs on, as they were before the reading
};

class WebRulesLoader {
 public:
  explicit WebRulesLoader(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  /// Reads everything anew. As long as nothing of TLS has changed, its context stays the same.
  WebRulesAttempt Load();

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
