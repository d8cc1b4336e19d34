// A web configuration file; and its first line as the value of the settings that are secret.

#include "config/web_config.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "fuzz/config_messages.h"
#include "fuzz/input.h"

namespace telnyx_exporter {
namespace {

const std::string kFile = "/etc/exporter/web.yml";

void CheckPem(const PemSource& pem) {
  Require(pem.file.empty() || pem.text.empty(), "a file or inline, not both");
  Require(pem.file.empty() || pem.file.front() == '/', "paths start from the file's directory");
}

void CheckConfig(const WebConfig& config) {
  if (config.tls) {
    CheckPem(config.tls->certificate);
    CheckPem(config.tls->key);
    CheckPem(config.tls->client_ca);
    Require(!config.tls->certificate.empty() && !config.tls->key.empty(),
            "TLS has a certificate and a key");
  }
  Require(config.headers.size() <= 5, "headers are among five");
  for (const auto& [name, value] : config.headers) {
    Require(IsShowable(name, 64) && IsShowable(value, 60'000), "headers are one line");
  }
  Require(std::ranges::is_sorted(config.users, {}, [](const auto& user) { return user.first; }),
          "users are sorted");
  for (const auto& [name, hash] : config.users) {
    Require(hash.reveal().size() == 60 && hash.reveal().starts_with("$2"), "hashes are bcrypt's");
  }
  if (config.rate_limit) {
    Require(config.rate_limit->interval > Duration::zero(), "a limit has an interval");
    Require(config.rate_limit->burst >= 1, "a limit lets something through");
  }
}

void CheckFile(std::string_view yaml) {
  const auto loaded = ParseWebConfig(yaml, kFile);
  if (!loaded) {
    CheckErrors(loaded.error(), yaml);
    return;
  }
  CheckMessages(loaded->warnings, yaml);
  CheckConfig(loaded->config);
}

void CheckSecretSettings(std::string_view line) {
  std::string value(line);
  value.insert(value.size() / 2, kMarker);
  const std::array files = {
      fmt::format("tls_server_config:\n  cert_file: c\n  key: {}\n", value),
      fmt::format("basic_auth_users:\n  prometheus: {}\n", value),
  };
  for (const std::string& yaml : files) {
    const auto loaded = ParseWebConfig(yaml, kFile);
    CheckNoSecret(loaded ? loaded->warnings : loaded.error(), kMarker);
  }
}

}  // namespace
}  // namespace telnyx_exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return telnyx_exporter::FuzzConfigFile(data, size, telnyx_exporter::CheckFile,
                                         telnyx_exporter::CheckSecretSettings);
}
