#include "web/basic_auth.h"

#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

void ExpectCredentials(const std::string& header, const std::string& user,
                       const std::string& password) {
  const auto credentials = ParseBasicAuthorization(header);
  ASSERT_TRUE(credentials.has_value()) << header;
  EXPECT_EQ(credentials->user, user);
  EXPECT_EQ(credentials->password.reveal(), password);
}

TEST(ParseBasicAuthorization, ReadsUserAndPassword) {
  ExpectCredentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame");
  ExpectCredentials("basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ== ", "Aladdin", "open sesame");
}

TEST(ParseBasicAuthorization, LeavesColonsInThePassword) {
  ExpectCredentials("Basic YTpiOmM=", "a", "b:c");
}

TEST(ParseBasicAuthorization, ReadsEmptyOnes) { ExpectCredentials("Basic Og==", "", ""); }

TEST(ParseBasicAuthorization, RefusesEverythingElse) {
  for (const std::string header :
       {"", "Basic", "Basic ", "Basic !!!!", "Bearer YTpi", "Digest YTpi", "Basic YQ==", "YTpi"}) {
    EXPECT_FALSE(ParseBasicAuthorization(header).has_value()) << header;
  }
  EXPECT_FALSE(ParseBasicAuthorization("Basic " + std::string(8192, 'A')).has_value());
}

}  // namespace
}  // namespace telnyx_exporter
