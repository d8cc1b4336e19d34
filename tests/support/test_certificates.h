#pragma once

// A private certificate authority for one test, made by the openssl command in a temporary
// directory: nothing secret is kept in the repository and nothing expires there.

#include <string>

#include "support/temp_dir.h"

namespace telnyx_exporter {

class TestCertificates {
 public:
  struct Pair {
    std::string certificate_file;
    std::string key_file;
  };

  /// Throws std::runtime_error when a command fails.
  TestCertificates();

  const std::string& ca_file() const { return authority_.certificate_file; }
  /// A server certificate, signed by the authority, for subject alternative names such as
  /// "DNS:api.test" or "IP:127.0.0.1", valid from yesterday to tomorrow.
  Pair Issue(const std::string& name, const std::string& subject_alternative_names) const;
  /// The same, with an RSA key.
  Pair IssueRsa(const std::string& name, const std::string& subject_alternative_names) const;
  /// The same, but it ended yesterday.
  Pair IssueExpired(const std::string& name, const std::string& subject_alternative_names) const;

 private:
  Pair IssueFor(const std::string& name, const std::string& subject_alternative_names,
                const std::string& not_before, const std::string& not_after,
                const std::string& key_options) const;

  TempDir dir_;
  Pair authority_;
};

}  // namespace telnyx_exporter
