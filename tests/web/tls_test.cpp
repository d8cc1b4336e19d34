// TLS as the policy says, with a real client.

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/read_file.h"
#include "support/test_certificates.h"
#include "web/http_server.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct TlsClient {
  std::string certificate_file;
  std::string key_file;
  long version = CURL_SSLVERSION_DEFAULT;  // CURL_SSLVERSION_… | CURL_SSLVERSION_MAX_…
  std::string ciphers;                     // for TLS up to 1.2
  std::string tls13_ciphers;
  std::string groups;
};

using Curl = std::unique_ptr<CURL, void (*)(CURL*)>;

// What the server was asked with, or throws when no answer comes.
class Connection {
 public:
  Connection(const HttpServer& server, const std::string& ca_file, const TlsClient& client = {})
      : curl_(curl_easy_init(), curl_easy_cleanup) {
    const auto set = [&](CURLoption option, const std::string& value) {
      if (!value.empty()) curl_easy_setopt(curl_.get(), option, value.c_str());
    };
    set(CURLOPT_URL, "https://" + server.bound_addresses().front());
    set(CURLOPT_CAINFO, ca_file);
    set(CURLOPT_SSLCERT, client.certificate_file);
    set(CURLOPT_SSLKEY, client.key_file);
    set(CURLOPT_SSL_CIPHER_LIST, client.ciphers);
    set(CURLOPT_TLS13_CIPHERS, client.tls13_ciphers);
    set(CURLOPT_SSL_EC_CURVES, client.groups);
    curl_easy_setopt(curl_.get(), CURLOPT_PROXY, "");
    curl_easy_setopt(curl_.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl_.get(), CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl_.get(), CURLOPT_SSLVERSION, client.version);
    curl_easy_setopt(curl_.get(), CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(curl_.get(), CURLOPT_WRITEDATA, &body_);
    curl_easy_setopt(
        curl_.get(), CURLOPT_WRITEFUNCTION,
        +[](char* data, size_t size, size_t count, std::string* out) {
          out->append(data, size * count);
          return size * count;
        });
  }

  /// Whether an answer came.
  bool Get() {
    body_.clear();
    return curl_easy_perform(curl_.get()) == CURLE_OK && body_ == "hello\n";
  }

  /// How many connections the last request needed.
  long connects() const {
    long count = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_NUM_CONNECTS, &count);
    return count;
  }

  /// The subject of the server's certificate.
  std::string subject() const {
    curl_certinfo* info = nullptr;
    curl_easy_getinfo(curl_.get(), CURLINFO_CERTINFO, &info);
    for (const curl_slist* line = info->certinfo[0]; line != nullptr; line = line->next) {
      if (std::string(line->data).starts_with("Subject:")) return line->data;
    }
    return {};
  }

 private:
  Curl curl_;
  std::string body_;
};

class TlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    authority_ = new TestCertificates();
    stranger_ = new TestCertificates();
    server_pair_ = authority_->Issue("server", "IP:127.0.0.1");
    client_pair_ = authority_->Issue(
        "client", "DNS:prometheus.test,IP:192.0.2.7,email:ops@test,URI:spiffe://test/prometheus");
    expired_pair_ = authority_->IssueExpired("expired", "DNS:prometheus.test");
    stranger_pair_ = stranger_->Issue("stranger", "DNS:prometheus.test");
  }
  static void TearDownTestSuite() {
    delete authority_;
    delete stranger_;
  }

  static TlsMaterial Material(const TestCertificates::Pair& pair = server_pair_) {
    return {.certificate = ReadFile(pair.certificate_file),
            .key = Secret(ReadFile(pair.key_file)),
            .client_ca = ReadFile(authority_->ca_file()),
            .has_client_ca = true};
  }

  static std::shared_ptr<const AccessRules> Rules(
      const TlsPolicy& policy, const TestCertificates::Pair& pair = server_pair_) {
    auto context = TlsContext::Make(policy, Material(pair));
    if (!context) throw std::runtime_error(context.error().front().text);
    return std::make_shared<const AccessRules>(AccessRules{.tls = std::move(*context)});
  }

  void Start(const TlsPolicy& policy = {}, const TestCertificates::Pair& pair = server_pair_) {
    auto server =
        HttpServer::Start({.listen_addresses = {"127.0.0.1:0"}, .rules = Rules(policy, pair)},
                          [](const HttpRequest&) { return TextResponse(200, "hello\n"); });
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
  }

  bool Get(const TlsClient& client = {}) {
    return Connection(*server_, authority_->ca_file(), client).Get();
  }
  static TlsClient As(const TestCertificates::Pair& pair) {
    return {.certificate_file = pair.certificate_file, .key_file = pair.key_file};
  }

  static inline TestCertificates* authority_ = nullptr;
  static inline TestCertificates* stranger_ = nullptr;
  static inline TestCertificates::Pair server_pair_;
  static inline TestCertificates::Pair client_pair_;
  static inline TestCertificates::Pair expired_pair_;
  static inline TestCertificates::Pair stranger_pair_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsTest, AnswersOverTlsAlone) {
  Start();
  EXPECT_TRUE(Get());
  const Curl plain(curl_easy_init(), curl_easy_cleanup);
  curl_easy_setopt(plain.get(), CURLOPT_URL,
                   ("http://" + server_->bound_addresses().front()).c_str());
  curl_easy_setopt(plain.get(), CURLOPT_PROXY, "");
  EXPECT_NE(curl_easy_perform(plain.get()), CURLE_OK);
}

TEST_F(TlsTest, KeepsAConnectionForTheNextRequest) {
  Start();
  Connection connection(*server_, authority_->ca_file());
  EXPECT_TRUE(connection.Get());
  EXPECT_TRUE(connection.Get());
  EXPECT_EQ(connection.connects(), 0);
}

// Which clients are let in: without a certificate, with one of the authority, an expired one of it,
// and one of another authority.
struct ClientAuthCase {
  ClientAuth client_auth;
  std::vector<bool> let_in;
};

class ClientAuthTest : public TlsTest, public ::testing::WithParamInterface<ClientAuthCase> {};

TEST_P(ClientAuthTest, LetsInWhoItSays) {
  Start({.client_auth = GetParam().client_auth});
  for (const long version : {static_cast<long>(CURL_SSLVERSION_MAX_TLSv1_2),
                             static_cast<long>(CURL_SSLVERSION_TLSv1_3)}) {
    std::vector<bool> let_in;
    for (TlsClient client :
         {TlsClient{}, As(client_pair_), As(expired_pair_), As(stranger_pair_)}) {
      client.version = version;
      let_in.push_back(Get(client));
    }
    EXPECT_EQ(let_in, GetParam().let_in) << version;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types, ClientAuthTest,
    ::testing::Values(ClientAuthCase{ClientAuth::kNone, {true, true, true, true}},
                      ClientAuthCase{ClientAuth::kRequest, {true, true, true, true}},
                      ClientAuthCase{ClientAuth::kRequireAny, {false, true, true, true}},
                      ClientAuthCase{ClientAuth::kVerifyIfGiven, {true, true, false, false}},
                      ClientAuthCase{ClientAuth::kRequireAndVerify, {false, true, false, false}}));

TEST_F(TlsTest, LetsInWhoHasAnAllowedName) {
  for (const auto& [name, let_in] :
       std::vector<std::pair<std::string, bool>>{{"prometheus.test", true},
                                                 {"192.0.2.7", true},
                                                 {"ops@test", true},
                                                 {"spiffe://test/prometheus", true},
                                                 {"client", false},
                                                 {"test", false},
                                                 {"*.test", false}}) {
    Start({.client_auth = ClientAuth::kRequireAndVerify, .client_allowed_sans = {"other", name}});
    EXPECT_EQ(Get(As(client_pair_)), let_in) << name;
    EXPECT_FALSE(Get()) << name;
  }
  Start({.client_auth = ClientAuth::kRequireAny, .client_allowed_sans = {"prometheus.test"}});
  EXPECT_TRUE(Get(As(stranger_pair_)));
}

TEST_F(TlsTest, VerifiesWithTheSystemsAuthoritiesWithoutOthers) {
  TlsMaterial material = Material();
  material.has_client_ca = false;
  auto context = TlsContext::Make({.client_auth = ClientAuth::kRequireAndVerify}, material);
  ASSERT_TRUE(context.has_value());
  Start();
  ASSERT_TRUE(server_->SetRules(
      std::make_shared<const AccessRules>(AccessRules{.tls = std::move(*context)})));
  EXPECT_FALSE(Get(As(client_pair_)));
}

constexpr long Only(long lowest, long highest) { return lowest | highest; }

TlsClient Speaking(long version) { return {.version = version, .ciphers = "DEFAULT@SECLEVEL=0"}; }

TEST_F(TlsTest, SpeaksTheVersionsOfThePolicy) {
  const TlsClient tls10 = Speaking(Only(CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_0));
  const TlsClient tls11 = Speaking(Only(CURL_SSLVERSION_TLSv1_1, CURL_SSLVERSION_MAX_TLSv1_1));
  const TlsClient tls12 = Speaking(Only(CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_2));
  const TlsClient tls13 = Speaking(Only(CURL_SSLVERSION_TLSv1_3, CURL_SSLVERSION_MAX_TLSv1_3));
  const auto spoken = [&] {
    return std::vector<bool>{Get(tls10), Get(tls11), Get(tls12), Get(tls13)};
  };
  Start();
  EXPECT_THAT(spoken(), ElementsAre(false, false, true, true));
  Start({.min_version = TlsVersion::kTls13});
  EXPECT_THAT(spoken(), ElementsAre(false, false, false, true));
  Start({.max_version = TlsVersion::kTls12});
  EXPECT_THAT(spoken(), ElementsAre(false, false, true, false));
  Start({.min_version = TlsVersion::kTls10});
  EXPECT_THAT(spoken(), ElementsAre(true, true, true, true));
  Start({.min_version = TlsVersion::kTls11, .max_version = TlsVersion::kTls11});
  EXPECT_THAT(spoken(), ElementsAre(false, true, false, false));
}

constexpr TlsCipherSuite kEcdsaChaCha{TlsKeyExchange::kEcdheEcdsa, TlsCipher::kChaCha20Poly1305};
constexpr TlsCipherSuite kEcdsaCbc{TlsKeyExchange::kEcdheEcdsa, TlsCipher::kAes128Cbc};
constexpr TlsCipherSuite kRsaAes256{TlsKeyExchange::kEcdheRsa, TlsCipher::kAes256Gcm};

TlsClient With(const std::string& cipher) {
  return {.version = CURL_SSLVERSION_MAX_TLSv1_2, .ciphers = cipher};
}

TEST_F(TlsTest, SpeaksTheSuitesOfThePolicyUpToTls12) {
  Start({.cipher_suites = {kEcdsaChaCha, kEcdsaCbc, kRsaAes256}});
  EXPECT_TRUE(Get(With("ECDHE-ECDSA-CHACHA20-POLY1305")));
  EXPECT_TRUE(Get(With("ECDHE-ECDSA-AES128-SHA")));
  EXPECT_FALSE(Get(With("ECDHE-ECDSA-AES128-GCM-SHA256")));
  EXPECT_FALSE(Get(With("ECDHE-ECDSA-AES256-GCM-SHA384")));
}

TEST_F(TlsTest, SpeaksTheSuitesForItsKey) {
  const auto pair = authority_->IssueRsa("rsa", "IP:127.0.0.1");
  Start({.cipher_suites = {kEcdsaChaCha, kRsaAes256}}, pair);
  EXPECT_TRUE(Get(With("ECDHE-RSA-AES256-GCM-SHA384")));
  EXPECT_FALSE(Get(With("ECDHE-RSA-CHACHA20-POLY1305")));
  Start({}, pair);
  EXPECT_TRUE(Get(With("ECDHE-RSA-CHACHA20-POLY1305")));
  EXPECT_FALSE(Get(With("AES128-GCM-SHA256")));
  EXPECT_FALSE(Get(With("DHE-RSA-AES128-GCM-SHA256")));
}

TEST_F(TlsTest, SpeaksEverySuiteOfTls13Always) {
  Start({.cipher_suites = {kEcdsaCbc}});
  for (const char* suite :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    EXPECT_TRUE(Get({.version = CURL_SSLVERSION_TLSv1_3, .tls13_ciphers = suite})) << suite;
  }
  Start({.cipher_suites = {kRsaAes256}});
  EXPECT_TRUE(Get({.version = CURL_SSLVERSION_TLSv1_3}));
  EXPECT_FALSE(Get({.version = CURL_SSLVERSION_MAX_TLSv1_2}));
}

TEST_F(TlsTest, SpeaksTheGroupsOfThePolicy) {
  for (const long version : {static_cast<long>(CURL_SSLVERSION_MAX_TLSv1_2),
                             static_cast<long>(CURL_SSLVERSION_TLSv1_3)}) {
    Start({.groups = {TlsGroup::kP384, TlsGroup::kX25519}});
    EXPECT_TRUE(Get({.version = version, .groups = "P-384:P-256"})) << version;
    EXPECT_TRUE(Get({.version = version, .groups = "X25519:P-256"})) << version;
    EXPECT_FALSE(Get({.version = version, .groups = "P-521:P-256"})) << version;
    Start();
    EXPECT_TRUE(Get({.version = version, .groups = "P-521:P-256"})) << version;
  }
}

TEST_F(TlsTest, TakesAnotherCertificateWhileItRuns) {
  Start();
  Connection before(*server_, authority_->ca_file());
  ASSERT_TRUE(before.Get());
  EXPECT_THAT(before.subject(), HasSubstr("server"));
  const auto renewed = authority_->Issue("renewed", "IP:127.0.0.1");
  ASSERT_TRUE(server_->SetRules(Rules({}, renewed)).has_value());
  Connection after(*server_, authority_->ca_file());
  ASSERT_TRUE(after.Get());
  EXPECT_THAT(after.subject(), HasSubstr("renewed"));
  // The old connection has ended, so a new one is made.
  EXPECT_TRUE(before.Get());
  EXPECT_EQ(before.connects(), 1);
  EXPECT_THAT(before.subject(), HasSubstr("renewed"));
}

TEST_F(TlsTest, TakesAnotherPolicyWhileItRuns) {
  Start();
  ASSERT_TRUE(Get(Speaking(CURL_SSLVERSION_MAX_TLSv1_2)));
  ASSERT_TRUE(server_->SetRules(
      Rules({.min_version = TlsVersion::kTls13, .client_auth = ClientAuth::kRequireAndVerify})));
  EXPECT_FALSE(Get(Speaking(CURL_SSLVERSION_MAX_TLSv1_2)));
  EXPECT_FALSE(Get());
  EXPECT_TRUE(Get(As(client_pair_)));
}

TEST_F(TlsTest, KeepsConnectionsWhenOnlyOtherRulesChange) {
  const auto rules = Rules({});
  Start();
  ASSERT_TRUE(server_->SetRules(rules));
  Connection connection(*server_, authority_->ca_file());
  ASSERT_TRUE(connection.Get());
  ASSERT_TRUE(server_->SetRules(std::make_shared<const AccessRules>(
      AccessRules{.tls = rules->tls, .headers = {{"X-Frame-Options", "deny"}}})));
  EXPECT_TRUE(connection.Get());
  EXPECT_EQ(connection.connects(), 0);
}

TEST_F(TlsTest, IsNotSwitchedOffWhileItRuns) {
  Start();
  const auto refused = server_->SetRules(std::make_shared<const AccessRules>());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message,
            "TLS cannot be switched on or off while the server runs: restart it");
  EXPECT_TRUE(Get());
}

std::vector<TlsFault> FaultsOf(const TlsPolicy& policy, const TlsMaterial& material) {
  auto context = TlsContext::Make(policy, material);
  return context ? std::vector<TlsFault>{} : context.error();
}

TEST_F(TlsTest, SaysAllThatIsWrongWithItsFiles) {
  const auto faults = FaultsOf({}, {.certificate = "-----BEGIN",
                                    .key = Secret("secret"),
                                    .client_ca = "nothing",
                                    .has_client_ca = true});
  ASSERT_EQ(faults.size(), 3U);
  EXPECT_EQ(faults[0].input, TlsFault::Input::kCertificate);
  EXPECT_THAT(faults[0].text, StartsWith("is not a certificate in PEM: "));
  EXPECT_EQ(faults[1].input, TlsFault::Input::kKey);
  EXPECT_THAT(faults[1].text, StartsWith("is not a private key in PEM without a password: "));
  EXPECT_THAT(faults[1].text, ::testing::Not(HasSubstr("secret")));
  EXPECT_EQ(faults[2].input, TlsFault::Input::kClientCa);
  EXPECT_THAT(faults[2].text, StartsWith("holds no certificate in PEM: "));
}

TEST_F(TlsTest, SaysThatAKeyIsAnothers) {
  TlsMaterial material = Material();
  material.key = Secret(ReadFile(client_pair_.key_file));
  const auto faults = FaultsOf({}, material);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].input, TlsFault::Input::kKey);
  EXPECT_THAT(faults[0].text, StartsWith("does not go with the certificate: "));
}

TEST_F(TlsTest, SaysThatNoSuiteGoesWithTheKey) {
  EXPECT_THAT(
      FaultsOf({.max_version = TlsVersion::kTls12, .cipher_suites = {kRsaAes256}}, Material()),
      ElementsAre(TlsFault{TlsFault::Input::kCipherSuites,
                           "has no suite for the certificate's key, which is not an RSA key"}));
}

}  // namespace
}  // namespace telnyx_exporter
