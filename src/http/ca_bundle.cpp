#include "http/ca_bundle.h"

#include <algorithm>

#include <unistd.h>

namespace telnyx_exporter {

std::span<const std::string> KnownCaBundles() {
  static const std::string kBundles[] = {
      "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch
      "/etc/pki/tls/certs/ca-bundle.crt",                   // RHEL and its relatives
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // newer Fedora has this one alone
      "/etc/ssl/ca-bundle.pem",                             // SUSE
      "/var/lib/ca-certificates/ca-bundle.pem",             // what SUSE's link points to
      "/etc/ssl/cert.pem",                                  // Alpine without ca-certificates
  };
  return kBundles;
}

const char* FirstReadableFile(const char* preferred, std::span<const std::string> others) {
  if (preferred != nullptr && access(preferred, R_OK) == 0) return preferred;
  const auto found = std::ranges::find_if(
      others, [](const std::string& file) { return access(file.c_str(), R_OK) == 0; });
  return found == others.end() ? nullptr : found->c_str();
}

}  // namespace telnyx_exporter
