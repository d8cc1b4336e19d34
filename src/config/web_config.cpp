#include "config/web_config.h"

#include <algorithm>
#include <array>
#include <ranges>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/text.h"
#include "config/value_types.h"
#include "config/yaml_reader.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTls = "tls_server_config";
constexpr std::string_view kHttp = "http_server_config";
constexpr std::string_view kUsers = "basic_auth_users";
constexpr std::string_view kRateLimit = "rate_limit";
constexpr std::string_view kHeaders = "headers";

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

constexpr std::array kClientAuths = {
    TlsWord{ClientAuth::kNone, "NoClientCert", ""},
    TlsWord{ClientAuth::kRequest, "RequestClientCert", ""},
    TlsWord{ClientAuth::kRequireAny, "RequireAnyClientCert", ""},
    TlsWord{ClientAuth::kVerifyIfGiven, "VerifyClientCertIfGiven", ""},
    TlsWord{ClientAuth::kRequireAndVerify, "RequireAndVerifyClientCert", ""},
};

constexpr std::array<std::string_view, 3> kTls13Suites = {
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};

// The toolkit's older name for RequireAnyClientCert, which it still takes.
constexpr std::string_view kOldRequireAny = "RequireClientCert";

template <typename T, std::size_t N>
std::optional<T> Find(const std::array<TlsWord<T>, N>& words, std::string_view name) {
  const auto found = std::ranges::find(words, name, &TlsWord<T>::name);
  if (found == words.end()) return std::nullopt;
  return found->value;
}

template <typename T, std::size_t N>
std::string Join(const std::array<TlsWord<T>, N>& words) {
  return fmt::format("{}", fmt::join(words | std::views::transform(&TlsWord<T>::name), ", "));
}

std::optional<TlsCipherSuite> FindSuite(std::string_view name) {
  for (const auto& exchange : kTlsKeyExchanges) {
    if (!name.starts_with(exchange.name)) continue;
    if (const auto cipher = Find(kTlsCiphers, name.substr(exchange.name.size()))) {
      return TlsCipherSuite{.key_exchange = exchange.value, .cipher = *cipher};
    }
  }
  return std::nullopt;
}

// --- Readers of single values ------------------------------------------------------------------

// A value by its name in `words`; `what` says what should be there.
template <typename Words>
auto NameIn(const Words& words, std::string_view what) {
  return [&words, what](const YamlValue& value) -> decltype(Find(words, "")) {
    const auto name = value.Text(kMaxValueBytes);
    if (!name) return std::nullopt;
    const auto found = Find(words, *name);
    if (!found) {
      value.Error(fmt::format("{} is not {}: allowed are {}",
                              QuoteForMessage(*name, kMaxValueBytes), what, Join(words)));
    }
    return found;
  };
}

std::optional<ClientAuth> ReadClientAuth(const YamlValue& value) {
  if (value.Is(kOldRequireAny)) return ClientAuth::kRequireAny;
  return NameIn(kClientAuths, "a client_auth_type")(value);
}

std::optional<std::vector<std::string>> ReadSans(const YamlValue& value) {
  if (value.IsEmpty() || value.IsEmptyList()) {
    value.Error("is empty: name who may connect, or remove the key");
    return std::nullopt;
  }
  return ReadList(value, [](const YamlValue& element) {
    auto text = element.Text(kMaxPathBytes);
    if (text && text->empty()) element.Error("is empty");
    return text;
  });
}

std::optional<std::vector<TlsCipherSuite>> ReadCipherSuites(const YamlValue& value) {
  bool only_tls13 = !value.IsEmptyList();
  auto suites = ReadList(value, [&](const YamlValue& element) -> std::optional<TlsCipherSuite> {
    const auto name = element.Text(kMaxValueBytes);
    if (!name || std::ranges::find(kTls13Suites, *name) != kTls13Suites.end()) return std::nullopt;
    only_tls13 = false;
    const auto suite = FindSuite(*name);
    if (!suite) {
      element.Error(fmt::format("{} is not a cipher suite: allowed are {} with {}",
                                QuoteForMessage(*name, kMaxValueBytes),
                                "TLS_ECDHE_ECDSA_WITH_ and TLS_ECDHE_RSA_WITH_",
                                Join(kTlsCiphers)));
    }
    return suite;
  });
  if (suites && only_tls13) {
    value.Error("names suites of TLS 1.3 only, which are always on: write min_version: TLS13");
  }
  return suites;
}

std::optional<std::vector<TlsGroup>> ReadGroups(const YamlValue& value) {
  return ReadList(value, NameIn(kTlsGroups, "a curve"));
}

std::optional<Duration> ReadInterval(const YamlValue& value) {
  const auto text = value.Text(kMaxValueBytes);
  if (!text) return std::nullopt;
  const auto interval = ParseGoDuration(*text);
  if (interval && *interval <= kLongestRateInterval) return interval;
  value.Error(
      QuoteForMessage(*text, kMaxValueBytes) +
      (interval ? " is longer than 24h" : " is not a duration: write it like 500ms, 1s or 1m30s"));
  return std::nullopt;
}

// --- The mappings ------------------------------------------------------------------------------

// A PEM text or the path of its file, which may be given under one of two keys.
class PemReader {
 public:
  PemReader(std::string_view file, std::string_view name, PemSource& source)
      : file_(file), name_(name), source_(source) {}

  YamlKey FileKey() const {
    return {FileKeyName(), [*this](const YamlValue& value) {
              const auto path = value.Text(kMaxPathBytes);
              if (!path) return;
              if (path->empty()) return value.Error("is empty: it names a file");
              if (Claim(value)) source_.file = ResolveAgainst(file_, *path);
            }};
  }

  YamlKey TextKey() const {
    return {std::string(name_), [*this](const YamlValue& value) {
              // It may be the key itself: nothing of it may be in a message.
              const auto text = value.Scalar("a string");
              if (!text) return;
              if (text->empty()) return value.Error("is empty: it holds PEM text");
              if (text->size() > kMaxPemBytes) return value.Error("is longer than 1 MiB");
              if (Claim(value)) source_.text = Secret(*text);
            }};
  }

 private:
  std::string FileKeyName() const { return fmt::format("{}_file", name_); }

  // Whether nothing was there under the other key.
  bool Claim(const YamlValue& value) const {
    if (source_.empty()) {
      source_.place = value.Place();
      return true;
    }
    value.Error(fmt::format("only one of {} and {} is allowed", FileKeyName(), name_));
    return false;
  }

  std::string_view file_;
  std::string_view name_;
  PemSource& source_;
};

void CheckTls(const YamlValue& value, const WebTlsConfig& tls) {
  const TlsPolicy& policy = tls.policy;
  // Of a value that could not be read a default is in the place.
  const auto is_known = [&](std::string_view key) {
    const auto found = value.Find(key);
    return !found || !found->IsWrong();
  };
  if (tls.certificate.empty()) value.KeyError("cert_file is missing: the server's certificate");
  if (tls.key.empty()) value.KeyError("key_file is missing: the key of the server's certificate");
  if (policy.min_version > policy.max_version && is_known("min_version") &&
      is_known("max_version")) {
    const auto min_version = value.Find("min_version");
    (min_version ? min_version : value.Find("max_version"))
        ->Error("min_version is above max_version: no client could connect");
  }
  if (!is_known("client_auth_type")) return;
  if (policy.client_auth == ClientAuth::kNone && !tls.client_ca.empty()) {
    value.KeyError(
        "client_ca_file says who signs clients' certificates, but client_auth_type "
        "asks for none");
  }
  const bool verified = policy.client_auth == ClientAuth::kVerifyIfGiven ||
                        policy.client_auth == ClientAuth::kRequireAndVerify;
  if (verified && tls.client_ca.empty() && policy.client_allowed_sans.empty()) {
    value.Find("client_auth_type")
        ->Warn("without client_ca_file every certificate of a public authority is let in");
  }
  const auto sans = value.Find("client_allowed_sans");
  if (sans && !sans->IsEmpty() && policy.client_auth != ClientAuth::kRequireAny &&
      policy.client_auth != ClientAuth::kRequireAndVerify) {
    sans->Error(
        "needs client_auth_type RequireAnyClientCert or RequireAndVerifyClientCert: the others "
        "let in clients without a certificate");
  }
  if (!policy.client_allowed_sans.empty() && policy.client_auth == ClientAuth::kRequireAny) {
    sans->Warn(
        "proves nothing without client_auth_type RequireAndVerifyClientCert: anyone can make a "
        "certificate with these names");
  }
}

void ReadTls(const YamlValue& value, std::string_view file, WebConfig& config) {
  if (value.IsEmptyMapping()) return;
  WebTlsConfig tls;
  TlsPolicy& policy = tls.policy;
  const PemReader certificate(file, "cert", tls.certificate);
  const PemReader key(file, "key", tls.key);
  const PemReader client_ca(file, "client_ca", tls.client_ca);
  const auto version = NameIn(kTlsVersions, "a TLS version");
  ReadMapping(value, {certificate.FileKey(),
                      key.FileKey(),
                      client_ca.FileKey(),
                      certificate.TextKey(),
                      key.TextKey(),
                      client_ca.TextKey(),
                      {"client_auth_type", Into(policy.client_auth, ReadClientAuth)},
                      {"client_allowed_sans", Into(policy.client_allowed_sans, ReadSans)},
                      {"min_version", Into(policy.min_version, version)},
                      {"max_version", Into(policy.max_version, version)},
                      {"cipher_suites", Into(policy.cipher_suites, ReadCipherSuites)},
                      {"curve_preferences", Into(policy.groups, ReadGroups)},
                      {"prefer_server_cipher_suites",
                       Into(policy.prefer_server_cipher_suites, BoolType())}});
  if (!value.IsMapping()) return;
  CheckTls(value, tls);
  config.tls = std::move(tls);
}

// A header that may have one of the values in `allowed`, or any where there are none.
YamlKey HeaderKey(const std::string& name, std::vector<std::string_view> allowed,
                  WebConfig& config) {
  return {name, [name, allowed = std::move(allowed), &config](const YamlValue& value) {
            auto text = value.Text(kMaxHeaderBytes);
            if (!text) return;
            if (!allowed.empty() && std::ranges::find(allowed, *text) == allowed.end()) {
              return value.Error(fmt::format("{} is not allowed: write {}",
                                             QuoteForMessage(*text, kMaxValueBytes),
                                             fmt::join(allowed, " or ")));
            }
            if (!text->empty()) config.headers.emplace_back(name, std::move(*text));
          }};
}

void ReadHeaders(const YamlValue& value, WebConfig& config) {
  ReadMapping(value, {HeaderKey("Content-Security-Policy", {}, config),
                      HeaderKey("X-Frame-Options", {"deny", "sameorigin"}, config),
                      HeaderKey("X-Content-Type-Options", {"nosniff"}, config),
                      HeaderKey("X-XSS-Protection", {}, config),
                      HeaderKey("Strict-Transport-Security", {}, config)});
}

// What keeps the text from being a bcrypt hash that passwords can be checked with; empty when
// nothing does. Says nothing of what is in it, for it is a secret.
std::string FindBcryptFault(std::string_view hash) {
  const bool prefix =
      hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$");
  if (!prefix || hash.size() != kBcryptBytes || hash[kBcryptSettingBytes - 1] != '$') {
    return "is not a bcrypt hash: it has 60 characters and begins with $2a$, $2b$ or $2y$, as "
           "htpasswd -nBC 10 \"\" prints it";
  }
  if (!IsAlphanumericOr("./", hash.substr(kBcryptSettingBytes))) {
    return "is not a bcrypt hash: a character in it cannot be part of one";
  }
  const auto cost = ParseUnsigned(hash.substr(4, 2));
  if (!cost || *cost < kMinBcryptCost || *cost > kMaxBcryptCost) {
    return fmt::format("has a bcrypt cost outside {:02} to {}: the number after $2b$",
                       kMinBcryptCost, kMaxBcryptCost);
  }
  return {};
}

void ReadUsers(const YamlValue& value, WebConfig& config) {
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

void ReadRateLimit(const YamlValue& value, WebConfig& config) {
  std::optional<Duration> interval;
  std::optional<std::uint32_t> burst;
  ReadMapping(value, {{"interval", Into(interval, ReadInterval)},
                      {"burst", Into(burst, IntegerType{0, kMaxBurst})}});
  if (burst.value_or(0) > 0 && !value.Find("interval")) {
    value.KeyWarn("limits nothing without interval");
  }
  if (!interval || *interval == Duration::zero()) return;
  if (!value.Find("burst") || burst == 0) {
    return value.Error("burst is missing: without at least 1 every request is refused");
  }
  config.rate_limit = {.interval = *interval, .burst = burst.value_or(1)};
}

// A mapping of the file's, which may be empty.
YamlRead Section(WebConfig& config, void (*read)(const YamlValue&, WebConfig&)) {
  return [&config, read](const YamlValue& value) {
    if (!value.IsEmpty()) read(value, config);
  };
}

void ReadHttp(const YamlValue& value, WebConfig& config) {
  const auto read_http2 = [](const YamlValue& v) {
    BoolType{.warning_if_true = "has no effect: HTTP/1.1 is served"}.Read(v);
  };
  ReadMapping(value,
              {{"http2", read_http2}, {std::string(kHeaders), Section(config, ReadHeaders)}});
}

WebConfig ReadWebConfig(const YamlValue& root, std::string_view file) {
  WebConfig config;
  const auto read_tls = [&](const YamlValue& value) {
    if (!value.IsEmpty()) ReadTls(value, file, config);
  };
  ReadMapping(root, {{std::string(kTls), read_tls},
                     {std::string(kHttp), Section(config, ReadHttp)},
                     {std::string(kUsers), Section(config, ReadUsers)},
                     {std::string(kRateLimit), Section(config, ReadRateLimit)}});
  const auto users = root.Find(kUsers);
  if (users && config.users.empty()) users->KeyWarn("names no user: no password is asked for");
  if (users && !config.users.empty() && !config.tls) {
    users->Warn(
        "passwords cross the network unencrypted: set tls_server_config, or put a proxy with TLS "
        "in front");
  }
  return config;
}

}  // namespace

std::expected<LoadedWebConfig, std::vector<ConfigMessage>> ParseWebConfig(std::string_view yaml,
                                                                          std::string_view file) {
  ConfigMessages messages;
  LoadedWebConfig loaded;
  loaded.is_empty = !ReadDocument(yaml, messages, [&](const YamlNode& document) {
    const YamlValue root(document, "", messages);
    loaded.config = ReadWebConfig(root, file);
    const auto http = root.Find(kHttp);
    for (const auto& value : {root.Find(kTls), http, http ? http->Find(kHeaders) : http,
                              root.Find(kUsers), root.Find(kRateLimit)}) {
      if (value && value->IsEmpty()) loaded.keys_without_value.push_back(value->path());
    }
  });
  if (!messages.errors().empty()) return std::unexpected(std::move(messages.errors()));
  loaded.warnings = std::move(messages.warnings());
  return loaded;
}

std::string FindUnsaidRemoval(const LoadedWebConfig& next, const WebConfig& in_force) {
  if (next.is_empty && in_force != WebConfig()) return "is empty: write {} to remove all rules";
  for (const std::string& key : next.keys_without_value) {
    const bool removes_rules =
        (key == kTls && in_force.tls) || (key.starts_with(kHttp) && !in_force.headers.empty()) ||
        (key == kUsers && !in_force.users.empty()) || (key == kRateLimit && in_force.rate_limit);
    if (removes_rules) {
      return fmt::format("{} has no value: remove the key to remove its rules", key);
    }
  }
  return {};
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
  if (loaded->is_empty) {
    loaded->warnings.push_back(
        {.text = "is empty: everyone is let in over plain HTTP; write {} if that is meant"});
  }
  return loaded;
}

}  // namespace telnyx_exporter
