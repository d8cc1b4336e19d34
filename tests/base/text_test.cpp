#include "base/text.h"

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

TEST(PercentEncode, KeepsUnreservedAndEncodesTheRest) {
  EXPECT_EQ(PercentEncode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(PercentEncode("v1:g3Q+/=="), "v1%3Ag3Q%2B%2F%3D%3D");
  EXPECT_EQ(PercentEncode("../a b\xff"), "..%2Fa%20b%FF");
}

TEST(PercentDecode, UndoesPercentEncode) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  EXPECT_EQ(PercentDecode(PercentEncode(every_byte)), every_byte);
}

TEST(PercentDecode, RefusesCutOrWrongEscapes) {
  for (const char* text : {"%", "%4", "a%zz", "%4g"}) EXPECT_EQ(PercentDecode(text), std::nullopt);
}

TEST(ParseUnsigned, ReadsWholeNumbersOnly) {
  EXPECT_EQ(ParseUnsigned("18446744073709551615"), 18446744073709551615ULL);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "18446744073709551616", "0x1"}) {
    EXPECT_EQ(ParseUnsigned(text), std::nullopt) << text;
  }
}

TEST(TrimWhitespace, RemovesBothEnds) {
  EXPECT_EQ(TrimWhitespace(" \t a b\r\n"), "a b");
  EXPECT_EQ(TrimWhitespace(" \n"), "");
}

TEST(EqualsIgnoringAsciiCase, FoldsLettersOnly) {
  EXPECT_TRUE(EqualsIgnoringAsciiCase("Retry-After", "retry-AFTER"));
  EXPECT_FALSE(EqualsIgnoringAsciiCase("a[", "a{"));
  EXPECT_FALSE(EqualsIgnoringAsciiCase("a", "ab"));
}

TEST(AppendJsonString, EscapesWhatJsonMust) {
  EXPECT_EQ(Json("a\"b\\c\n\t\r\x01\x7f"), R"("a\"b\\c\n\t\r\u0001\u007F")");
}

TEST(AppendJsonString, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(Json("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
  EXPECT_EQ(Json("\xff"), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(Json("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");          // overlong
  EXPECT_EQ(Json("\xed\xa0\x80").find("\xed\xa0"), std::string::npos);  // surrogate
  EXPECT_EQ(Json("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");          // cut short
}

TEST(AppendJsonString, EscapesTheControlsAboveAscii) {
  std::string json;
  AppendJsonString(json, "\xc2\x9b\xc2\x80\xc2\xa0");
  EXPECT_EQ(json, "\"\\u009B\\u0080\xc2\xa0\"");
}

TEST(SanitizeForDisplay, BlanksTheControlsAboveAscii) {
  EXPECT_EQ(SanitizeForDisplay("a\xc2\x9b"
                               "1mb\xc2\x80\xc2\xa0",
                               100),
            "a 1mb \xc2\xa0");
}

TEST(SanitizeForDisplay, BlanksControlsAndCutsAtCharacters) {
  EXPECT_EQ(SanitizeForDisplay("a\nb\x1b[0m", 100), "a b [0m");
  EXPECT_EQ(SanitizeForDisplay("ab\xc3\xbc", 3), "ab");
  EXPECT_EQ(SanitizeForDisplay("ab\xc3\xbc", 4), "ab\xc3\xbc");
}

}  // namespace
}  // namespace telnyx_exporter
