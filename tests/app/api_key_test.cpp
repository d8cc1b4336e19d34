#include "app/api_key.h"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

ApiKeySource File(const std::string& path) {
  return {.kind = ApiKeySource::Kind::kFile, .name = path};
}

TEST(ReadApiKey, ReadsAFileWithoutItsLineEnd) {
  const TempDir directory;
  const auto key = ReadApiKey(File(directory.Write("key", " KEY0123\r\n")));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->reveal(), "KEY0123");
}

TEST(ReadApiKey, NamesAFileThatCannotBeRead) {
  EXPECT_EQ(ReadApiKey(File("/no/such/key")).error().message,
            "api_key_file /no/such/key: No such file or directory");
  EXPECT_EQ(ReadApiKey(File("/tmp")).error().message, "api_key_file /tmp: Is a directory");
}

TEST(ReadApiKey, RefusesWhatIsNoKeyWithoutShowingIt) {
  const TempDir directory;
  for (const std::string& text :
       {std::string("\n"), std::string("KEY SECRET"), std::string("KEY\nSECRET"),
        "SECRET" + std::string(5000, 'x'), std::string("SECRET\xff")}) {
    const auto key = ReadApiKey(File(directory.Write("key", text)));
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().message.find("SECRET"), std::string::npos) << key.error().message;
  }
}

TEST(ReadApiKey, ReadsTheEnvironment) {
  const ApiKeySource source{.kind = ApiKeySource::Kind::kEnvironment,
                            .name = "TELNYX_KEY_OF_A_TEST"};
  unsetenv("TELNYX_KEY_OF_A_TEST");
  EXPECT_EQ(ReadApiKey(source).error().message,
            "the environment variable TELNYX_KEY_OF_A_TEST is not set: it must hold the API key");
  setenv("TELNYX_KEY_OF_A_TEST", "KEY0123", 1);
  EXPECT_EQ(ReadApiKey(source).value().reveal(), "KEY0123");
  setenv("TELNYX_KEY_OF_A_TEST", "", 1);
  EXPECT_EQ(ReadApiKey(source).error().message,
            "the environment variable TELNYX_KEY_OF_A_TEST is empty: it must hold the API key");
}

TEST(ReadApiKey, TakesAnInlineKey) {
  EXPECT_EQ(
      ReadApiKey({.kind = ApiKeySource::Kind::kInline, .name = "", .inline_key = Secret("KEY0123")})
          .value()
          .reveal(),
      "KEY0123");
}

}  // namespace
}  // namespace telnyx_exporter
