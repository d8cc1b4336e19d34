#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "http/curl_endpoint.h"
#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

using testing::Contains;
using testing::IsNull;
using testing::StrEq;

TEST(CaBundle, BundlesOfEveryFamilyOfSystemsAreKnown) {
  for (const char* bundle :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem"}) {
    EXPECT_THAT(KnownCaBundles(), Contains(bundle));
  }
}

class FirstReadable : public testing::Test {
 protected:
  std::string Present(const std::string& name) { return dir_.Write(name, "CERTIFICATE"); }
  std::string Missing() const { return (dir_.path() / "missing").string(); }

  TempDir dir_;
};

TEST_F(FirstReadable, CurlsOwnBundleComesFirst) {
  const std::string own = Present("own");
  const std::vector others{Present("other")};
  EXPECT_THAT(FirstReadableFile(own.c_str(), others), StrEq(own));
}

TEST_F(FirstReadable, OthersAreTriedInOrderWhenItIsMissing) {
  const std::vector others{Missing(), Present("second"), Present("third")};
  EXPECT_THAT(FirstReadableFile(Missing().c_str(), others), StrEq(others[1]));
  EXPECT_THAT(FirstReadableFile(nullptr, others), StrEq(others[1]));
}

TEST_F(FirstReadable, ThereMayBeNone) {
  EXPECT_THAT(FirstReadableFile(Missing().c_str(), std::vector{Missing()}), IsNull());
}

}  // namespace
}  // namespace telnyx_exporter
