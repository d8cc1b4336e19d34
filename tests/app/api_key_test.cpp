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
  ApiKeySource source{.kind = ApiKeySource::Kind::kFile};
  SetKeyName(source, path);
  return source;
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
            "api_key_file /no/such/key cannot be read: No such file or directory");
  EXPECT_EQ(Read(File("/usr")).error().message,
            "api_key_file /usr is a directory: it must be a regular file");
  EXPECT_EQ(Read(File("/dev/zero")).error().message,
            "api_key_file /dev/zero is a device: it must be a regular file");
}

TEST_F(ReadApiKeyTest, ShowsNoPastedKey) {
  ApiKeySource file = File("KEY0123_secret");
  file.name = "/etc/telnyx_exporter/KEY0123_secret";  // relative to the configuration
  file.place = {.line = 3, .column = 19, .path = ""};
  EXPECT_EQ(Read(file).error().message,
            "api_key_file (line 3, column 19) cannot be read: No such file or directory");
  ApiKeySource variable;
  SetKeyName(variable, "KEY0123_secret");
  variable.place = {.line = 3, .column = 18, .path = ""};
  EXPECT_EQ(Read(variable).error().message,
            "the environment variable that api_key_env names (line 3, column 18) is not set: it "
            "must hold the API key");
  EXPECT_EQ(out_.str(), "");
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
                            .name = "TELNYX_KEY_OF_A_TEST",
                            .shown_name = "TELNYX_KEY_OF_A_TEST"};
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

TEST_F(ReadApiKeyTest, RefusesAWorldWritableFile) {
  const TempDir directory;
  const std::string path = directory.Write("key", "KEY0123");
  std::filesystem::permissions(path, std::filesystem::perms(0602));
  EXPECT_EQ(Read(File(path)).error().message,
            "api_key_file " + path + " is world-writable (mode 0602): use chmod o-w");
}

TEST_F(ReadApiKeyTest, WarnsAboutGroupWritableAndWorldReadableFiles) {
  const TempDir directory;
  const std::string path = directory.Write("key", "KEY0123");
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  EXPECT_TRUE(Read(File(path)).has_value());
  EXPECT_EQ(out_.str(), "");
  std::filesystem::permissions(path, std::filesystem::perms(0660));
  EXPECT_TRUE(Read(File(path)).has_value());
  EXPECT_THAT(out_.str(), ::testing::HasSubstr(path + " is group-writable (mode 0660): use chmod "
                                                      "g-w"));
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  EXPECT_TRUE(Read(File(path)).has_value());
  EXPECT_THAT(out_.str(), ::testing::HasSubstr("level=warn msg=\"API key file\" "
                                               "warning=\"api_key_file " +
                                               path +
                                               " is world-readable (mode 0644): use chmod "
                                               "o-r\"\n"));
}

}  // namespace
}  // namespace telnyx_exporter
