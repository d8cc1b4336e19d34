#include "web/tls.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxSanBytes = 4096;

// The policy as GnuTLS priority strings.
struct TlsPriorities {
  std::string all;  // for the whole handshake
  // For the rest of a handshake that turns out to be of TLS 1.2 or older; empty when nothing
  // changes then. GnuTLS has no ciphers for one version alone.
  std::string up_to_tls12;
  // False: the policy's suites all need another kind of key, so no client could connect.
  bool usable = true;
};

constexpr std::array<TlsCipher, 3> kTls13Ciphers = {TlsCipher::kAes128Gcm, TlsCipher::kAes256Gcm,
                                                    TlsCipher::kChaCha20Poly1305};
// Appends the words of the policy's values, or of all where it names none.
template <typename T, std::size_t N>
void AppendWords(std::string& text, const std::array<TlsWord<T>, N>& words,
                 const std::vector<T>& values) {
  for (const T value : values) {
    text.append(":+").append(std::ranges::find(words, value, &TlsWord<T>::value)->priority);
  }
  for (const TlsWord<T>& word : words) {
    if (values.empty()) text.append(":+").append(word.priority);
  }
}

std::string Compose(const TlsPolicy& policy, TlsKeyExchange key_exchange,
                    const std::vector<TlsCipher>& ciphers) {
  // From GnuTLS's own default comes what the policy says nothing of: which signatures are good.
  std::string text = "NORMAL:-VERS-ALL:-KX-ALL:-CIPHER-ALL:-MAC-ALL:-GROUP-ALL:+AEAD:+SHA1";
  for (const auto& [version, name, word] : kTlsVersions | std::views::reverse) {
    if (version >= policy.min_version && version <= policy.max_version) {
      text.append(":+").append(word);
    }
  }
  AppendWords(text, kTlsKeyExchanges, std::vector{key_exchange});
  AppendWords(text, kTlsCiphers, ciphers);
  AppendWords(text, kTlsGroups, policy.groups);
  if (policy.prefer_server_cipher_suites) text += ":%SERVER_PRECEDENCE";
  return text;
}

TlsPriorities MakeTlsPriorities(const TlsPolicy& policy, TlsKeyExchange key_exchange) {
  if (policy.cipher_suites.empty()) {
    return {.all = Compose(policy, key_exchange, {})};
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

template <typename T, auto Free>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, Deleter<T, Free>>;

using CertificateCredentials =
    Owned<gnutls_certificate_credentials_st, gnutls_certificate_free_credentials>;
using Priorities = Owned<gnutls_priority_st, gnutls_priority_deinit>;
using PrivateKey = Owned<gnutls_x509_privkey_int, gnutls_x509_privkey_deinit>;
using Certificate = Owned<gnutls_x509_crt_int, gnutls_x509_crt_deinit>;

gnutls_datum_t Datum(std::string_view text) {
  // GnuTLS only reads it, but its interface takes the bytes without const.
  return {.data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(text.data())),
          .size = static_cast<unsigned>(text.size())};
}

std::string Describe(std::string_view what, int code) {
  return fmt::format("{}: {}", what, gnutls_strerror(code));
}

// The chain in a PEM text, or a GnuTLS error.
std::expected<std::vector<Certificate>, int> ParseCertificates(std::string_view pem) {
  gnutls_x509_crt_t* list = nullptr;
  unsigned count = 0;
  const gnutls_datum_t data = Datum(pem);
  const int code = gnutls_x509_crt_list_import2(&list, &count, &data, GNUTLS_X509_FMT_PEM, 0);
  if (code < 0) return std::unexpected(code);
  std::vector<Certificate> certificates;
  certificates.reserve(count);
  for (unsigned i = 0; i < count; ++i) certificates.emplace_back(list[i]);
  gnutls_free(static_cast<void*>(list));
  return certificates;
}

std::optional<WallTime> EarliestExpiry(const std::vector<Certificate>& chain) {
  std::optional<WallTime> earliest;
  for (const Certificate& certificate : chain) {
    const std::time_t expiry = gnutls_x509_crt_get_expiration_time(certificate.get());
    const WallTime time = std::chrono::system_clock::from_time_t(expiry);
    if (expiry >= 0 && (!earliest || time < *earliest)) earliest = time;
  }
  return earliest;
}

std::expected<PrivateKey, int> ParseKey(const Secret& pem) {
  gnutls_x509_privkey_t raw = nullptr;
  if (const int code = gnutls_x509_privkey_init(&raw); code < 0) return std::unexpected(code);
  PrivateKey key(raw);
  const gnutls_datum_t data = Datum(pem.reveal());
  const int code = gnutls_x509_privkey_import2(key.get(), &data, GNUTLS_X509_FMT_PEM, nullptr, 0);
  if (code < 0) return std::unexpected(code);
  return key;
}

std::expected<Priorities, int> ParsePriorities(const std::string& text) {
  gnutls_priority_t priorities = nullptr;
  const int code = gnutls_priority_init(&priorities, text.c_str(), nullptr);
  if (code < 0) return std::unexpected(code);
  return Priorities(priorities);
}

TlsKeyExchange KeyExchangeOf(gnutls_x509_crt_int* certificate) {
  const int algorithm = gnutls_x509_crt_get_pk_algorithm(certificate, nullptr);
  return algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS ? TlsKeyExchange::kEcdheRsa
                                                                      : TlsKeyExchange::kEcdheEcdsa;
}

std::string FormatAddress(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  return inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

bool HasOneOf(gnutls_x509_crt_int* certificate, const std::vector<std::string>& names) {
  std::string buffer(kMaxSanBytes, '\0');
  for (unsigned i = 0;; ++i) {
    std::size_t size = buffer.size();
    const int type =
        gnutls_x509_crt_get_subject_alt_name(certificate, i, buffer.data(), &size, nullptr);
    if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) return false;
    if (type == GNUTLS_E_SHORT_MEMORY_BUFFER) continue;
    if (type < 0) return false;
    const std::string_view name(buffer.data(), size);
    switch (type) {
      case GNUTLS_SAN_DNSNAME:
      case GNUTLS_SAN_RFC822NAME:
      case GNUTLS_SAN_URI:
        if (std::ranges::find(names, name) != names.end()) return true;
        break;
      case GNUTLS_SAN_IPADDRESS:
        if (std::ranges::find(names, FormatAddress(name)) != names.end()) return true;
        break;
      default:
        break;
    }
  }
}

class GnutlsContext final : public TlsContext {
 public:
  GnutlsContext(const TlsPolicy& policy, TlsMaterial material)
      : policy_(policy), material_(std::move(material)) {
    gnutls_certificate_credentials_t credentials = nullptr;
    gnutls_certificate_allocate_credentials(&credentials);
    credentials_.reset(credentials);
  }

  std::vector<TlsFault> Load() {
    std::vector<TlsFault> faults;
    const auto note = [&](TlsFault::Input input, std::string text) {
      faults.push_back({.input = input, .text = std::move(text)});
    };
    const auto chain = ParseCertificates(material_.certificate);
    if (!chain) {
      note(TlsFault::Input::kCertificate, Describe("is not a certificate in PEM", chain.error()));
    }
    const auto key = ParseKey(material_.key);
    if (!key) {
      note(TlsFault::Input::kKey,
           Describe("is not a private key in PEM without a password", key.error()));
    }
    if (std::string fault = LoadAuthorities(); !fault.empty()) {
      note(TlsFault::Input::kClientCa, std::move(fault));
    }
    if (!chain || !key) return faults;
    expiry_ = EarliestExpiry(*chain);
    if (const int code = UseCertificate(*chain, key->get()); code < 0) {
      note(TlsFault::Input::kKey, Describe("does not go with the certificate", code));
    }
    if (std::string fault = LoadPriorities(KeyExchangeOf(chain->front().get())); !fault.empty()) {
      note(TlsFault::Input::kCipherSuites, std::move(fault));
    }
    return faults;
  }

  bool IsMadeOf(const TlsPolicy& policy, const TlsMaterial& material) const override {
    return policy == policy_ && material == material_;
  }
  std::optional<WallTime> expiry() const override { return expiry_; }

  void Prepare(gnutls_session_int* session) const override {
    gnutls_priority_set(session, all_.get());
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials_.get());
    gnutls_certificate_server_set_request(session, Request());
    // Hundreds of names that no client needs; a client may take none of them for its own and
    // send nothing.
    gnutls_certificate_send_x509_rdn_sequence(session, system_authorities_ ? 1 : 0);
  }

  int OnClientHello(gnutls_session_int* session) const override {
    if (up_to_tls12_ == nullptr || gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3) return 0;
    return gnutls_priority_set(session, up_to_tls12_.get());
  }

  int CheckClient(gnutls_session_int* session) const override {
    unsigned count = 0;
    const gnutls_datum_t* chain = gnutls_certificate_get_peers(session, &count);
    if (chain == nullptr || count == 0) {
      return Request() == GNUTLS_CERT_REQUIRE ? GNUTLS_E_CERTIFICATE_REQUIRED : 0;
    }
    if (MustVerify() && !IsSigned(session)) return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
    if (policy_.client_allowed_sans.empty()) return 0;
    return IsAllowed(chain[0]) ? 0 : GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
  }

 private:
  bool MustVerify() const {
    return policy_.client_auth == ClientAuth::kVerifyIfGiven ||
           policy_.client_auth == ClientAuth::kRequireAndVerify;
  }

  gnutls_certificate_request_t Request() const {
    switch (policy_.client_auth) {
      case ClientAuth::kNone:
        return GNUTLS_CERT_IGNORE;
      case ClientAuth::kRequest:
      case ClientAuth::kVerifyIfGiven:
        return GNUTLS_CERT_REQUEST;
      case ClientAuth::kRequireAny:
      case ClientAuth::kRequireAndVerify:
        return GNUTLS_CERT_REQUIRE;
    }
    return GNUTLS_CERT_REQUIRE;
  }

  std::string LoadAuthorities() {
    if (!material_.has_client_ca) {
      system_authorities_ = MustVerify();
      if (system_authorities_) gnutls_certificate_set_x509_system_trust(credentials_.get());
      return {};
    }
    const gnutls_datum_t data = Datum(material_.client_ca);
    const int found =
        gnutls_certificate_set_x509_trust_mem(credentials_.get(), &data, GNUTLS_X509_FMT_PEM);
    if (found > 0) return {};
    return Describe("holds no certificate in PEM",
                    found < 0 ? found : GNUTLS_E_NO_CERTIFICATE_FOUND);
  }

  int UseCertificate(const std::vector<Certificate>& chain, gnutls_x509_privkey_int* key) {
    std::vector<gnutls_x509_crt_t> raw;
    raw.reserve(chain.size());
    for (const Certificate& certificate : chain) raw.push_back(certificate.get());
    return gnutls_certificate_set_x509_key(credentials_.get(), raw.data(),
                                           static_cast<int>(raw.size()), key);
  }

  std::string LoadPriorities(TlsKeyExchange key_exchange) {
    const TlsPriorities priorities = MakeTlsPriorities(policy_, key_exchange);
    if (!priorities.usable) {
      return fmt::format(
          "has no suite for the certificate's key, which is {}",
          key_exchange == TlsKeyExchange::kEcdheRsa ? "an RSA key" : "not an RSA key");
    }
    auto all = ParsePriorities(priorities.all);
    if (!all) return Describe("cannot be used", all.error());
    all_ = std::move(*all);
    if (priorities.up_to_tls12.empty()) return {};
    auto up_to_tls12 = ParsePriorities(priorities.up_to_tls12);
    if (!up_to_tls12) return Describe("cannot be used", up_to_tls12.error());
    up_to_tls12_ = std::move(*up_to_tls12);
    return {};
  }

  static bool IsSigned(gnutls_session_int* session) {
    std::string purpose = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st data{.type = GNUTLS_DT_KEY_PURPOSE_OID,
                               .data = reinterpret_cast<unsigned char*>(purpose.data()),
                               .size = 0};
    unsigned status = 0;
    return gnutls_certificate_verify_peers(session, &data, 1, &status) == GNUTLS_E_SUCCESS &&
           status == 0;
  }

  bool IsAllowed(const gnutls_datum_t& leaf) const {
    gnutls_x509_crt_t raw = nullptr;
    if (gnutls_x509_crt_init(&raw) < 0) return false;
    const Certificate certificate(raw);
    return gnutls_x509_crt_import(certificate.get(), &leaf, GNUTLS_X509_FMT_DER) >= 0 &&
           HasOneOf(certificate.get(), policy_.client_allowed_sans);
  }

  const TlsPolicy policy_;
  const TlsMaterial material_;
  // Sessions refer to these.
  CertificateCredentials credentials_;
  Priorities all_;
  Priorities up_to_tls12_;
  bool system_authorities_ = false;
  std::optional<WallTime> expiry_;
};

}  // namespace

std::string FindCertificatesFault(std::string_view pem) {
  // OpenSSL's own form, which curl reads and GnuTLS does not.
  if (pem.contains("-----BEGIN TRUSTED CERTIFICATE-----")) return {};
  const auto certificates = ParseCertificates(pem);
  return certificates ? "" : Describe("is not a file of PEM certificates", certificates.error());
}

std::expected<std::shared_ptr<const TlsContext>, std::vector<TlsFault>> TlsContext::Make(
    const TlsPolicy& policy, const TlsMaterial& material) {
  auto context = std::make_shared<GnutlsContext>(policy, material);
  if (auto faults = context->Load(); !faults.empty()) {
    return std::unexpected(std::move(faults));
  }
  return context;
}

}  // namespace telnyx_exporter
