#include "config/api_key_source.h"

#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

ApiKeySource Named(ApiKeySource::Kind kind, std::string_view written) {
  ApiKeySource source{.kind = kind, .place = {.line = 3, .column = 19, .path = "p"}};
  SetKeyName(source, written);
  return source;
}

TEST(DescribeKeySource, NamesPathsWithASlashAndTheDefaultVariableOnly) {
  using Kind = ApiKeySource::Kind;
  EXPECT_EQ(DescribeKeySource(Named(Kind::kFile, "/run/key")), "api_key_file /run/key");
  EXPECT_EQ(DescribeKeySource(Named(Kind::kFile, "./key")), "api_key_file ./key");
  EXPECT_EQ(DescribeKeySource(Named(Kind::kFile, "KEY0123")), "api_key_file (line 3, column 19)");
  EXPECT_EQ(DescribeKeySource(Named(Kind::kEnvironment, "KEY0123")),
            "the environment variable that api_key_env names (line 3, column 19)");
  EXPECT_EQ(DescribeKeySource(Named(Kind::kEnvironment, "TELNYX_API_KEY")),
            "the environment variable TELNYX_API_KEY");
  EXPECT_EQ(DescribeKeySource({}), "the environment variable TELNYX_API_KEY");
  EXPECT_EQ(DescribeKeySource({.kind = Kind::kInline, .name = "", .shown_name = ""}), "api_key");
}

TEST(FindApiKeyFault, AllowsBlanksAndLineEndsAroundTheKey) {
  for (const char* text : {"KEY0123", " KEY0123\n", "\tKEY0123 \r\n", "KEY_a-b.c/d+e="}) {
    EXPECT_EQ(FindApiKeyFault(text), "") << text;
  }
}

TEST(FindApiKeyFault, SaysWhatIsWrongAndWhatWouldBeRight) {
  const std::string quotes = "contains a quotation mark: write the API key without quotes";
  const std::string mark = "contains a byte order mark: save the key as plain text without one";
  EXPECT_EQ(FindApiKeyFault(""), "is empty: it must hold the API key");
  EXPECT_EQ(FindApiKeyFault(" \n"), "is empty: it must hold the API key");
  for (const char* text :
       {"\"KEY\"", "'KEY'", "`KEY`", "\u201cKEY\u201d", "\u2018KEY", "KEY\u00bb"}) {
    EXPECT_EQ(FindApiKeyFault(text), quotes) << text;
  }
  EXPECT_EQ(FindApiKeyFault("\xef\xbb\xbfKEY"), mark);
  EXPECT_EQ(FindApiKeyFault(std::string_view("\xff\xfeK\0", 4)), mark);
  for (const std::string& text : {std::string("KEY x"), std::string("KEY\nKEY"),
                                  std::string("KEY\0", 4), std::string("KEY\x1b[m")}) {
    EXPECT_EQ(FindApiKeyFault(text),
              "contains a blank or a control character inside the key: it must hold the API key "
              "alone, on one line")
        << text;
  }
  EXPECT_EQ(FindApiKeyFault("KEY\u00a0"),
            "contains a character that is not ASCII: copy the API key again");
  EXPECT_EQ(FindApiKeyFault(std::string(4097, 'x')),
            "holds more than 4096 bytes: it must hold the API key alone");
}

}  // namespace
}  // namespace telnyx_exporter
