#include "app/health_check.h"

#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "app/web_server.h"
#include "support/temp_dir.h"
#include "support/test_certificates.h"
#include "web/http_server.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

TEST(LocalAddressTest, EveryAddressIsReachedThroughTheMachinesOwn) {
  EXPECT_EQ(LocalAddress(":10035"), "127.0.0.1:10035");
  EXPECT_EQ(LocalAddress("0.0.0.0:80"), "127.0.0.1:80");
  EXPECT_EQ(LocalAddress("[::]:80"), "[::1]:80");
}

class CheckHealthTest : public ::testing::Test {
 protected:
  /// Runs a server under the rules of the file, or without any.
  void Start(int status) {
    HttpServerSettings settings{.listen_addresses = {"127.0.0.1:0"}};
    if (!command_line_.web_config_file.empty()) {
      settings.rules = LoadWebRules(command_line_.web_config_file).outcome.value().rules;
    }
    auto server = HttpServer::Start(
        settings, [status](const HttpRequest&) { return TextResponse(status, "\n"); });
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
    command_line_.listen_addresses = server_->bound_addresses();
  }
  void WriteRules(const std::string& yaml) {
    command_line_.web_config_file = directory_.Write("web.yml", yaml);
  }
  std::string WriteTls() {
    const TestCertificates::Pair pair = certificates_.Issue("server", "DNS:localhost");
    WriteRules("tls_server_config: {cert_file: " + pair.certificate_file +
               ", key_file: " + pair.key_file + "}\n");
    return pair.certificate_file;
  }
  std::string Check(HealthCheck check = HealthCheck::kHealthy) {
    command_line_.healthcheck = check;
    const auto healthy = CheckHealth(command_line_, clock_);
    return healthy ? "" : healthy.error().message;
  }

  const SystemClock clock_;
  const TempDir directory_;
  const TestCertificates certificates_;
  CommandLine command_line_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(CheckHealthTest, SaysWhatWasAnswered) {
  Start(200);
  EXPECT_EQ(Check(), "");
  Start(503);
  EXPECT_EQ(Check(), "not healthy: answered 503");
  EXPECT_EQ(Check(HealthCheck::kReady), "not ready: answered 503");
  Start(401);
  EXPECT_EQ(Check(), "not healthy: answered 401");
}

TEST_F(CheckHealthTest, TakesARefusalByAccessRulesForASignOfLife) {
  WriteRules("rate_limit: {interval: 1h, burst: 1}\n");
  Start(200);
  EXPECT_EQ(Check(), "");
  EXPECT_EQ(Check(), "");
  WriteRules("");
  EXPECT_EQ(Check(), "");
  EXPECT_EQ(Check(HealthCheck::kReady),
            "not ready: answered 429: --web.probes-without-auth lets readiness be asked");
}

TEST_F(CheckHealthTest, NeedsNoFileThatIsInOrder) {
  const std::string certificate = WriteTls();
  for (const bool tls : {true, false}) {
    if (!tls) WriteRules("{}\n");
    Start(200);
    WriteTls();
    EXPECT_EQ(Check(), "") << "TLS set up, and " << tls;
    std::filesystem::permissions(command_line_.web_config_file, std::filesystem::perms(0666));
    EXPECT_EQ(Check(), "") << "world-writable, and " << tls;
    std::filesystem::remove(certificate);
    EXPECT_EQ(Check(), "") << "no certificate, and " << tls;
    WriteRules("x: [\n");
    EXPECT_EQ(Check(), "") << "no YAML, and " << tls;
    std::filesystem::remove(command_line_.web_config_file);
    EXPECT_EQ(Check(), "") << "no file, and " << tls;
  }
}

TEST_F(CheckHealthTest, SaysWhyNobodyAnswers) {
  Start(200);
  server_.reset();
  EXPECT_TRUE(Check().starts_with("not healthy: ")) << Check();
  EXPECT_GT(Check().size(), std::string("not healthy: ").size());
  WriteRules("x: [\n");
  EXPECT_GT(Check().size(), std::string("not healthy: ").size());
}

TEST(LocalAddressTest, OneAddressIsItself) {
  EXPECT_EQ(LocalAddress("192.0.2.1:80"), "192.0.2.1:80");
  EXPECT_EQ(LocalAddress("[2001:db8::1]:80"), "[2001:db8::1]:80");
  EXPECT_EQ(LocalAddress("localhost:80"), "localhost:80");
}

}  // namespace
}  // namespace telnyx_exporter
