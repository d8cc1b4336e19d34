#include "app/api_key.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

ApiKeySource File(const std::string& path) {
  return {.kind = ApiKeySource::Kind::kFile, .name = path};
}

class ReadApiKeyTest : public ::testing::Test {
 protected:
  Result<Secret> Read(const ApiKeySource& source) { return ReadApiKey(source, log_); }

  ManualClock clock_;
  std::ostringstream out_;
  Log log_{clock_, LogLevel::kInfo, LogFormat::kLogfmt,
           [this](std::string_view line) { out_ << line; }};
};

TEST_F(ReadApiKeyTest, ReadsAFileWithoutItsLineEnd) {
  const TempDir directory;
  const auto key = Read(File(directory.Write("key", " KEY0123\r\n")));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->reveal(), "KEY0123");
}

TEST_F(ReadApiKeyTest, NamesAFileThatCannotBeRead) {
  EXPECT_EQ(Read(File("/no/such/key")).error().message,
            "api_key_file /no/such/key: No such file or directory");
  EXPECT_EQ(Read(File("/usr")).error().message, "api_key_file /usr: Is a directory");
}

TEST_F(ReadApiKeyTest, RefusesWhatIsNoKeyWithoutShowingIt) {
  const TempDir directory;
  for (const std::string& text :
       {std::string("\n"), std::string("KEY SECRET"), std::string("KEY\nSECRET"),
        "SECRET" + std::string(5000, 'x'), std::string("SECRET\xff")}) {
    const auto key = Read(File(directory.Write("key", text)));
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().message.find("SECRET"), std::string::npos) << key.error().message;
  }
}

TEST_F(ReadApiKeyTest, ReadsTheEnvironment) {
  const ApiKeySource source{.kind = ApiKeySource::Kind::kEnvironment,
                            .name = "TELNYX_KEY_OF_A_TEST"};
  unsetenv("TELNYX_KEY_OF_A_TEST");
  EXPECT_EQ(Read(source).error().message,
            "the environment variable TELNYX_KEY_OF_A_TEST is not set: it must hold the API key");
  setenv("TELNYX_KEY_OF_A_TEST", "KEY0123", 1);
  EXPECT_EQ(Read(source).value().reveal(), "KEY0123");
  setenv("TELNYX_KEY_OF_A_TEST", "", 1);
  EXPECT_EQ(Read(source).error().message,
            "the environment variable TELNYX_KEY_OF_A_TEST is empty: it must hold the API key");
}

TEST_F(ReadApiKeyTest, TakesAnInlineKey) {
  EXPECT_EQ(Read({.kind = ApiKeySource::Kind::kInline, .name = "", .inline_key = Secret("KEY0123")})
                .value()
                .reveal(),
            "KEY0123");
}

TEST_F(ReadApiKeyTest, RefusesAFileThatOthersMayWrite) {
  const TempDir directory;
  const std::string path = directory.Write("key", "KEY0123");
  for (const auto writer :
       {std::filesystem::perms::group_write, std::filesystem::perms::others_write}) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | writer);
    const auto key = Read(File(path));
    ASSERT_FALSE(key.has_value());
    EXPECT_THAT(key.error().message,
                ::testing::MatchesRegex("api_key_file .* may be written by others than its owner "
                                        "\\(mode 04[02][02]\\): use chmod go-w"));
  }
}

TEST_F(ReadApiKeyTest, WarnsAboutAFileThatEverybodyMayRead) {
  const TempDir directory;
  const std::string path = directory.Write("key", "KEY0123");
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  EXPECT_TRUE(Read(File(path)).has_value());
  EXPECT_EQ(out_.str(), "");
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  EXPECT_TRUE(Read(File(path)).has_value());
  EXPECT_THAT(out_.str(), ::testing::HasSubstr("level=warn msg=\"API key file may be read by "
                                               "everybody\" file=" +
                                               path + " mode=0644\n"));
}

}  // namespace
}  // namespace telnyx_exporter
