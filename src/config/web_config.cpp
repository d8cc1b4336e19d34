#include "config/web_config.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/text.h"
#include "config/yaml_reader.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxPathBytes = 4096;
constexpr std::size_t kMaxPemBytes = std::size_t{1} << 20U;
constexpr std::size_t kMaxHeaderBytes = 4096;
constexpr std::size_t kMaxValueBytes = 253;
constexpr std::size_t kMaxUsers = 1000;
constexpr std::uint32_t kMaxBurst = 1'000'000;
constexpr Duration kLongestRateInterval = 24h;

constexpr std::size_t kBcryptBytes = 60;
constexpr std::size_t kBcryptSettingBytes = 7;  // "$2b$10$"
constexpr unsigned kMinBcryptCost = 4;
// A check at this cost takes some seconds and cannot be broken off.
constexpr unsigned kMaxBcryptCost = 16;

/// A value by the name that Go gives it.
template <typename T>
struct Named {
  std::string_view name;
  T value;
};

constexpr std::array<Named<TlsVersion>, 4> kVersions = {{{"TLS10", TlsVersion::kTls10},
                                                         {"TLS11", TlsVersion::kTls11},
                                                         {"TLS12", TlsVersion::kTls12},
                                                         {"TLS13", TlsVersion::kTls13}}};

constexpr std::array<Named<TlsGroup>, 4> kGroups = {{{"X25519", TlsGroup::kX25519},
                                                     {"CurveP256", TlsGroup::kP256},
                                                     {"CurveP384", TlsGroup::kP384},
                                                     {"CurveP521", TlsGroup::kP521}}};

constexpr std::array<Named<ClientAuth>, 5> kClientAuths = {
    {{"NoClientCert", ClientAuth::kNone},
     {"RequestClientCert", ClientAuth::kRequest},
     {"RequireAnyClientCert", ClientAuth::kRequireAny},
     {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
     {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify}}};

constexpr std::array<Named<TlsKeyExchange>, 2> kKeyExchanges = {
    {{"TLS_ECDHE_ECDSA_WITH_", TlsKeyExchange::kEcdheEcdsa},
     {"TLS_ECDHE_RSA_WITH_", TlsKeyExchange::kEcdheRsa}}};

constexpr std::array<Named<TlsCipher>, 5> kCiphers = {
    {{"AES_128_GCM_SHA256", TlsCipher::kAes128Gcm},
     {"AES_256_GCM_SHA384", TlsCipher::kAes256Gcm},
     {"CHACHA20_POLY1305_SHA256", TlsCipher::kChaCha20Poly1305},
     {"AES_128_CBC_SHA", TlsCipher::kAes128Cbc},
     {"AES_256_CBC_SHA", TlsCipher::kAes256Cbc}}};

constexpr std::array<std::string_view, 3> kTls13Suites = {
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};

// The toolkit's older name for RequireAnyClientCert, which it still takes.
constexpr std::string_view kOldRequireAny = "RequireClientCert";

template <std::size_t N, typename T>
std::optional<T> Find(const std::array<Named<T>, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name, &Named<T>::name);
  if (found == names.end()) return std::nullopt;
  return found->value;
}

template <std::size_t N, typename T>
std::string Join(const std::array<Named<T>, N>& names) {
  std::vector<std::string_view> texts;
  texts.reserve(N);
  for (const Named<T>& named : names) texts.push_back(named.name);
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::optional<TlsCipherSuite> FindSuite(std::string_view name) {
  for (const auto& exchange : kKeyExchanges) {
    if (!name.starts_with(exchange.name)) continue;
    if (const auto cipher = Find(kCiphers, name.substr(exchange.name.size()))) {
      return TlsCipherSuite{.key_exchange = exchange.value, .cipher = *cipher};
    }
  }
  return std::nullopt;
}

class WebConfigReader {
 public:
  explicit WebConfigReader(std::string_view file) : file_(file) {}

  WebConfig Read(const YamlValue& root) {
    WebConfig config;
    std::optional<YamlValue> users;
    ReadMapping(root, {
                          {"tls_server_config", [&](const YamlValue& v) { ReadTls(v, config); }},
                          {"http_server_config", [&](const YamlValue& v) { ReadHttp(v, config); }},
                          {"basic_auth_users",
                           [&](const YamlValue& v) {
                             users.emplace(v);
                             ReadUsers(v, config);
                           }},
                          {"rate_limit", [&](const YamlValue& v) { ReadRateLimit(v, config); }},
                      });
    if (users && !config.users.empty() && !config.tls) {
      users->Warn(
          "passwords cross the network unencrypted: set tls_server_config, or put a proxy with TLS "
          "in front");
    }
    return config;
  }

 private:
  // Where something stood, for the checks that need several keys.
  struct TlsPlaces {
    std::optional<YamlValue> client_auth;
    std::optional<YamlValue> sans;
    std::optional<YamlValue> min_version;
    std::optional<YamlValue> max_version;
  };

  void ReadTls(const YamlValue& value, WebConfig& config) {
    if (value.IsEmpty()) return;
    const auto entries = value.Entries();
    if (!entries || entries->empty()) return;
    WebTlsConfig& tls = config.tls.emplace();
    TlsPolicy& policy = tls.policy;
    TlsPlaces places;
    ReadMapping(
        value,
        {
            {"cert_file", [&](const YamlValue& v) { ReadFile(v, "cert", tls.certificate); }},
            {"key_file", [&](const YamlValue& v) { ReadFile(v, "key", tls.key); }},
            {"client_ca_file",
             [&](const YamlValue& v) { ReadFile(v, "client_ca", tls.client_ca); }},
            {"cert", [&](const YamlValue& v) { ReadInline(v, "cert", tls.certificate); }},
            {"key", [&](const YamlValue& v) { ReadInline(v, "key", tls.key); }},
            {"client_ca", [&](const YamlValue& v) { ReadInline(v, "client_ca", tls.client_ca); }},
            {"client_auth_type",
             [&](const YamlValue& v) {
               places.client_auth.emplace(v);
               ReadClientAuth(v, policy.client_auth);
             }},
            {"client_allowed_sans",
             [&](const YamlValue& v) {
               places.sans.emplace(v);
               ReadSans(v, policy.client_allowed_sans);
             }},
            {"min_version",
             [&](const YamlValue& v) {
               places.min_version.emplace(v);
               ReadNamed(v, "a TLS version", kVersions, policy.min_version);
             }},
            {"max_version",
             [&](const YamlValue& v) {
               places.max_version.emplace(v);
               ReadNamed(v, "a TLS version", kVersions, policy.max_version);
             }},
            {"cipher_suites",
             [&](const YamlValue& v) { ReadCipherSuites(v, policy.cipher_suites); }},
            {"curve_preferences", [&](const YamlValue& v) { ReadGroups(v, policy.groups); }},
            {"prefer_server_cipher_suites",
             [&](const YamlValue& v) {
               if (const auto prefer = v.Bool()) policy.prefer_server_cipher_suites = *prefer;
             }},
        });
    CheckTls(value, tls, places);
  }

  static void CheckTls(const YamlValue& value, const WebTlsConfig& tls, const TlsPlaces& places) {
    const TlsPolicy& policy = tls.policy;
    if (tls.certificate.empty()) value.KeyError("cert_file is missing: the server's certificate");
    if (tls.key.empty()) value.KeyError("key_file is missing: the key of the server's certificate");
    if (policy.min_version > policy.max_version) {
      (places.min_version ? *places.min_version : *places.max_version)
          .Error("min_version is above max_version: no client could connect");
    }
    const bool verified = policy.client_auth == ClientAuth::kVerifyIfGiven ||
                          policy.client_auth == ClientAuth::kRequireAndVerify;
    if (policy.client_auth == ClientAuth::kNone && !tls.client_ca.empty()) {
      value.KeyError(
          "client_ca_file says who signs clients' certificates, but client_auth_type "
          "asks for none");
    }
    if (verified && tls.client_ca.empty() && policy.client_allowed_sans.empty()) {
      places.client_auth->Warn(
          "without client_ca_file every certificate of a public authority is let in");
    }
    if (places.sans && !places.sans->IsEmpty() && policy.client_auth != ClientAuth::kRequireAny &&
        policy.client_auth != ClientAuth::kRequireAndVerify) {
      places.sans->Error(
          "needs client_auth_type RequireAnyClientCert or RequireAndVerifyClientCert: the others "
          "let in clients without a certificate");
    }
  }

  void ReadFile(const YamlValue& value, std::string_view other, PemSource& source) const {
    const auto path = value.Text(kMaxPathBytes);
    if (!path) return;
    if (path->empty()) return value.Error("is empty: it names a file");
    if (!Claim(value, fmt::format("{}_file", other), other, source)) return;
    source.file = ResolveAgainst(file_, *path);
  }

  static void ReadInline(const YamlValue& value, std::string_view name, PemSource& source) {
    // It may be the key itself: nothing of it may be in a message.
    const auto text = value.Scalar("a string");
    if (!text) return;
    if (text->empty()) return value.Error("is empty: it holds PEM text");
    if (text->size() > kMaxPemBytes) return value.Error("is longer than 1 MiB");
    if (!Claim(value, fmt::format("{}_file", name), name, source)) return;
    source.text = Secret(*text);
  }

  // Whether nothing stood there under the other key.
  static bool Claim(const YamlValue& value, std::string_view file_key, std::string_view text_key,
                    PemSource& source) {
    if (!source.empty()) {
      value.Error(fmt::format("only one of {} and {} is allowed", file_key, text_key));
      return false;
    }
    source.place = value.Place();
    return true;
  }

  static void ReadClientAuth(const YamlValue& value, ClientAuth& client_auth) {
    const auto name = value.Text(kMaxValueBytes);
    if (!name) return;
    if (*name == kOldRequireAny) {
      client_auth = ClientAuth::kRequireAny;
      return;
    }
    ReadNamed(value, "a client_auth_type", kClientAuths, client_auth);
  }

  static void ReadSans(const YamlValue& value, std::vector<std::string>& sans) {
    if (value.IsEmpty()) return;
    const auto elements = value.List();
    if (!elements) return;
    if (elements->empty()) return value.Error("is empty: no client could connect");
    for (const YamlValue& element : *elements) {
      auto text = element.Text(kMaxPathBytes);
      if (!text) continue;
      if (text->empty()) {
        element.Error("is empty");
      } else {
        sans.push_back(std::move(*text));
      }
    }
  }

  static void ReadCipherSuites(const YamlValue& value, std::vector<TlsCipherSuite>& suites) {
    const auto elements = value.List();
    if (!elements) return;
    bool only_tls13 = !elements->empty();
    for (const YamlValue& element : *elements) {
      const auto name = element.Text(kMaxValueBytes);
      if (!name || std::ranges::find(kTls13Suites, *name) != kTls13Suites.end()) continue;
      only_tls13 = false;
      if (const auto suite = FindSuite(*name)) {
        suites.push_back(*suite);
      } else {
        element.Error(
            fmt::format("\"{}\" is not a cipher suite: allowed are TLS_ECDHE_ECDSA_WITH_ and "
                        "TLS_ECDHE_RSA_WITH_ with {}",
                        SanitizeForDisplay(*name, kMaxValueBytes), Join(kCiphers)));
      }
    }
    if (only_tls13) {
      value.Error("names suites of TLS 1.3 only, which are always on: write min_version: TLS13");
    }
  }

  static void ReadGroups(const YamlValue& value, std::vector<TlsGroup>& groups) {
    const auto elements = value.List();
    if (!elements) return;
    for (const YamlValue& element : *elements) {
      TlsGroup group{};
      if (ReadNamed(element, "a curve", kGroups, group)) groups.push_back(group);
    }
  }

  template <std::size_t N, typename T>
  static bool ReadNamed(const YamlValue& value, std::string_view what,
                        const std::array<Named<T>, N>& names, T& target) {
    const auto name = value.Text(kMaxValueBytes);
    if (!name) return false;
    const auto found = Find(names, *name);
    if (!found) {
      value.Error(fmt::format("\"{}\" is not {}: allowed are {}",
                              SanitizeForDisplay(*name, kMaxValueBytes), what, Join(names)));
      return false;
    }
    target = *found;
    return true;
  }

  static void ReadHttp(const YamlValue& value, WebConfig& config) {
    if (value.IsEmpty()) return;
    ReadMapping(value, {
                           {"http2",
                            [](const YamlValue& v) {
                              if (v.Bool() == true) v.Warn("has no effect: HTTP/1.1 is served");
                            }},
                           {"headers", [&](const YamlValue& v) { ReadHeaders(v, config.headers); }},
                       });
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;

  static void ReadHeaders(const YamlValue& value, Headers& headers) {
    if (value.IsEmpty()) return;
    const auto one_of = [&](std::string_view name, std::vector<std::string_view> allowed) {
      return [&headers, name, allowed = std::move(allowed)](const YamlValue& v) {
        ReadHeader(v, name, allowed, headers);
      };
    };
    ReadMapping(value,
                {
                    {"Content-Security-Policy", one_of("Content-Security-Policy", {})},
                    {"X-Frame-Options", one_of("X-Frame-Options", {"deny", "sameorigin"})},
                    {"X-Content-Type-Options", one_of("X-Content-Type-Options", {"nosniff"})},
                    {"X-XSS-Protection", one_of("X-XSS-Protection", {})},
                    {"Strict-Transport-Security", one_of("Strict-Transport-Security", {})},
                });
  }

  static void ReadHeader(const YamlValue& value, std::string_view name,
                         const std::vector<std::string_view>& allowed, Headers& headers) {
    auto text = value.Text(kMaxHeaderBytes);
    if (!text) return;
    if (!allowed.empty() && std::ranges::find(allowed, *text) == allowed.end()) {
      return value.Error(fmt::format("\"{}\" is not allowed: write {}",
                                     SanitizeForDisplay(*text, kMaxValueBytes),
                                     fmt::join(allowed, " or ")));
    }
    if (!text->empty()) headers.emplace_back(name, std::move(*text));
  }

  static void ReadUsers(const YamlValue& value, WebConfig& config) {
    if (value.IsEmpty()) return;
    const auto entries = value.Entries();
    if (!entries) return;
    if (entries->size() > kMaxUsers) {
      value.Error(fmt::format("has {} users: at most {} are allowed", entries->size(), kMaxUsers));
    }
    for (const auto& [name, entry] : *entries) {
      if (name.find(':') != std::string::npos) {
        entry.KeyError("has a colon, so no one could log in under this name");
        continue;
      }
      const auto hash = entry.Scalar("a string");
      if (!hash) continue;
      if (std::string fault = FindBcryptFault(*hash); !fault.empty()) {
        entry.Error(std::move(fault));
      } else {
        config.users.emplace_back(name, Secret(*hash));
      }
    }
    std::ranges::sort(config.users, {}, [](const auto& user) { return user.first; });
  }

  static void ReadRateLimit(const YamlValue& value, WebConfig& config) {
    if (value.IsEmpty()) return;
    std::optional<Duration> interval;
    std::optional<std::uint32_t> burst;
    bool has_burst = false;
    ReadMapping(value, {
                           {"interval", [&](const YamlValue& v) { interval = ReadInterval(v); }},
                           {"burst",
                            [&](const YamlValue& v) {
                              has_burst = true;
                              burst = v.Integer(0, kMaxBurst);
                            }},
                       });
    if (!interval || *interval == Duration::zero()) return;
    if (!has_burst || burst == 0) {
      return value.Error("burst is missing: without at least 1 every request is refused");
    }
    config.rate_limit = {.interval = *interval, .burst = burst.value_or(1)};
  }

  static std::optional<Duration> ReadInterval(const YamlValue& value) {
    const auto text = value.Text(kMaxValueBytes);
    if (!text) return std::nullopt;
    const auto interval = ParseGoDuration(*text);
    if (!interval) {
      value.Error(fmt::format("\"{}\" is not a duration: write it like 500ms, 1s or 1m30s",
                              SanitizeForDisplay(*text, kMaxValueBytes)));
    } else if (*interval > kLongestRateInterval) {
      value.Error(
          fmt::format("\"{}\" is longer than 24h", SanitizeForDisplay(*text, kMaxValueBytes)));
      return std::nullopt;
    }
    return interval;
  }

  std::string_view file_;
};

}  // namespace

std::string FindBcryptFault(std::string_view hash) {
  const bool prefix =
      hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$");
  if (!prefix || hash.size() != kBcryptBytes || hash[kBcryptSettingBytes - 1] != '$') {
    return "is not a bcrypt hash: it has 60 characters and begins with $2a$, $2b$ or $2y$, as "
           "htpasswd -nBC 10 \"\" prints it";
  }
  const auto valid = [](char c) {
    return c == '.' || c == '/' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
  };
  if (!std::ranges::all_of(hash.substr(kBcryptSettingBytes), valid)) {
    return "is not a bcrypt hash: a character in it cannot be part of one";
  }
  const auto cost = ParseUnsigned(hash.substr(4, 2));
  if (!cost || *cost < kMinBcryptCost || *cost > kMaxBcryptCost) {
    return fmt::format("has a bcrypt cost outside {:02} to {}: the number after $2b$",
                       kMinBcryptCost, kMaxBcryptCost);
  }
  return {};
}

std::expected<LoadedWebConfig, std::vector<ConfigMessage>> ParseWebConfig(std::string_view yaml,
                                                                          std::string_view file) {
  ConfigMessages messages;
  LoadedWebConfig loaded;
  ReadDocument(yaml, messages, [&](const YamlNode& document) {
    loaded.config = WebConfigReader(file).Read(YamlValue(document, "", messages));
  });
  if (!messages.errors().empty()) return std::unexpected(std::move(messages.errors()));
  loaded.warnings = std::move(messages.warnings());
  return loaded;
}

std::expected<LoadedWebConfig, std::vector<ConfigMessage>> LoadWebConfigFile(
    const std::string& path) {
  const auto refuse = [](std::string text) {
    return std::unexpected(std::vector<ConfigMessage>{{.text = std::move(text)}});
  };
  auto file = ReadFile(path, kMaxConfigFileBytes);
  if (!file) return refuse(std::move(file.error().message));
  auto loaded = ParseWebConfig(file->text, path);
  if (!loaded) return loaded;
  const bool secret = !loaded->config.users.empty() ||
                      (loaded->config.tls && !loaded->config.tls->key.text.empty());
  PermissionFaults faults = CheckPermissions(file->status, secret);
  if (!faults.error.empty()) return refuse(std::move(faults.error));
  if (!faults.warning.empty()) {
    loaded->warnings.insert(loaded->warnings.begin(), {.text = std::move(faults.warning)});
  }
  return loaded;
}

}  // namespace telnyx_exporter
