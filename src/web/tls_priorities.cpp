#include "web/tls_priorities.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace telnyx_exporter {
namespace {

constexpr std::array<TlsCipher, 3> kTls13Ciphers = {TlsCipher::kAes128Gcm, TlsCipher::kAes256Gcm,
                                                    TlsCipher::kChaCha20Poly1305};
constexpr std::array<TlsCipher, 5> kAllCiphers = {TlsCipher::kAes128Gcm, TlsCipher::kAes256Gcm,
                                                  TlsCipher::kChaCha20Poly1305,
                                                  TlsCipher::kAes128Cbc, TlsCipher::kAes256Cbc};
constexpr std::array<TlsGroup, 4> kAllGroups = {TlsGroup::kX25519, TlsGroup::kP256, TlsGroup::kP384,
                                                TlsGroup::kP521};
constexpr std::array<std::pair<TlsVersion, std::string_view>, 4> kVersions = {
    {{TlsVersion::kTls13, ":+VERS-TLS1.3"},
     {TlsVersion::kTls12, ":+VERS-TLS1.2"},
     {TlsVersion::kTls11, ":+VERS-TLS1.1"},
     {TlsVersion::kTls10, ":+VERS-TLS1.0"}}};

std::string_view NameOf(TlsCipher cipher) {
  switch (cipher) {
    case TlsCipher::kAes128Gcm:
      return ":+AES-128-GCM";
    case TlsCipher::kAes256Gcm:
      return ":+AES-256-GCM";
    case TlsCipher::kChaCha20Poly1305:
      return ":+CHACHA20-POLY1305";
    case TlsCipher::kAes128Cbc:
      return ":+AES-128-CBC";
    case TlsCipher::kAes256Cbc:
      return ":+AES-256-CBC";
  }
  return "";
}

std::string_view NameOf(TlsGroup group) {
  switch (group) {
    case TlsGroup::kX25519:
      return ":+GROUP-X25519";
    case TlsGroup::kP256:
      return ":+GROUP-SECP256R1";
    case TlsGroup::kP384:
      return ":+GROUP-SECP384R1";
    case TlsGroup::kP521:
      return ":+GROUP-SECP521R1";
  }
  return "";
}

std::string Compose(const TlsPolicy& policy, TlsKeyExchange key_exchange,
                    const std::vector<TlsCipher>& ciphers) {
  // From GnuTLS's own default comes what the policy says nothing of: which signatures are good.
  std::string text = "NORMAL:-VERS-ALL:-KX-ALL:-CIPHER-ALL:-MAC-ALL:-GROUP-ALL:+AEAD:+SHA1";
  for (const auto& [version, name] : kVersions) {
    if (version >= policy.min_version && version <= policy.max_version) text += name;
  }
  text += key_exchange == TlsKeyExchange::kEcdheRsa ? ":+ECDHE-RSA" : ":+ECDHE-ECDSA";
  for (const TlsCipher cipher : ciphers) text += NameOf(cipher);
  if (policy.groups.empty()) {
    for (const TlsGroup group : kAllGroups) text += NameOf(group);
  } else {
    for (const TlsGroup group : policy.groups) text += NameOf(group);
  }
  if (policy.prefer_server_cipher_suites) text += ":%SERVER_PRECEDENCE";
  return text;
}

}  // namespace

TlsPriorities MakeTlsPriorities(const TlsPolicy& policy, TlsKeyExchange key_exchange) {
  if (policy.cipher_suites.empty()) {
    return {.all = Compose(policy, key_exchange, {kAllCiphers.begin(), kAllCiphers.end()})};
  }
  std::vector<TlsCipher> chosen;
  for (const TlsCipherSuite& suite : policy.cipher_suites) {
    if (suite.key_exchange == key_exchange) chosen.push_back(suite.cipher);
  }
  if (chosen.empty()) {
    TlsPolicy newest = policy;
    newest.min_version = TlsVersion::kTls13;
    return {.all = Compose(newest, key_exchange, {kTls13Ciphers.begin(), kTls13Ciphers.end()}),
            .usable = policy.max_version == TlsVersion::kTls13};
  }
  std::vector<TlsCipher> all = chosen;
  for (const TlsCipher cipher : kTls13Ciphers) {
    if (std::ranges::find(all, cipher) == all.end()) all.push_back(cipher);
  }
  return {.all = Compose(policy, key_exchange, all),
          .up_to_tls12 = Compose(policy, key_exchange, chosen)};
}

}  // namespace telnyx_exporter
