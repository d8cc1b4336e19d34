#include "web/bcrypt.h"

#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

// The published test vector of the algorithm's authors, and hashes of one password in each variant.
const Secret kVector("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK");
constexpr const char* kSettings[] = {"$2a$", "$2b$", "$2y$"};
constexpr const char* kRest = "04$abcdefghijklmnopqrstuuFuhxWRTXIsURoluSTZ1N4tYaWGn9oOi";
const Secret kPassword("opensesame");

Secret HashOfPassword(const std::string& setting = "$2b$") { return Secret(setting + kRest); }

TEST(BcryptMatches, KnowsTheTestVector) { EXPECT_TRUE(BcryptMatches(Secret("U*U*"), kVector)); }

TEST(BcryptMatches, KnowsEveryVariant) {
  for (const std::string setting : kSettings) {
    EXPECT_TRUE(BcryptMatches(kPassword, HashOfPassword(setting))) << setting;
  }
}

TEST(BcryptMatches, RefusesAnotherPassword) {
  for (const char* other : {"", "opensesam", "opensesame ", "Opensesame"}) {
    EXPECT_FALSE(BcryptMatches(Secret(other), HashOfPassword())) << other;
  }
  EXPECT_FALSE(BcryptMatches(Secret(std::string(100'000, 'x')), HashOfPassword()));
}

TEST(BcryptMatches, DoesNotStopAtAZeroByte) {
  EXPECT_FALSE(BcryptMatches(Secret(std::string_view("opensesame\0x", 12)), HashOfPassword()));
}

TEST(BcryptMatches, RefusesWhatIsNoBcryptHash) {
  // The old DES hash of "x", MD5, and what crypt() answers to what it does not know.
  for (const char* hash : {"", "x", "abgOeLfPimXQo", "$1$abcdefgh$9X0Sh2ysr7SzXv1FBFoF/0", "*0"}) {
    EXPECT_FALSE(BcryptMatches(Secret("x"), Secret(hash))) << hash;
  }
}

TEST(UnmatchedHash, HasTheSameCostAndNoPassword) {
  const Secret unmatched = UnmatchedHash(HashOfPassword());
  EXPECT_EQ(unmatched.reveal().size(), 60U);
  EXPECT_TRUE(unmatched.reveal().starts_with("$2b$04$"));
  EXPECT_FALSE(BcryptMatches(kPassword, unmatched));
  EXPECT_FALSE(BcryptMatches(Secret(""), unmatched));
}

}  // namespace
}  // namespace telnyx_exporter
