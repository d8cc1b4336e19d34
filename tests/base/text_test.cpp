#include "base/text.h"

#include <chrono>
#include <string>

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

TEST(AppendJsonString, EscapesWhatTurnsTheDirectionOfText) {
  std::string json;
  AppendJsonString(json, "\u202a\u202e\u2066\u2069\u200f");
  EXPECT_EQ(json, "\"\\u202A\\u202E\\u2066\\u2069\u200f\"");
}

TEST(SanitizeForDisplay, BlanksTheControlsAboveAscii) {
  EXPECT_EQ(SanitizeForDisplay("a\xc2\x9b"
                               "1mb\xc2\x80\xc2\xa0",
                               100),
            "a 1mb \xc2\xa0");
}

TEST(SanitizeForDisplay, BlanksWhatTurnsTheDirectionOfText) {
  EXPECT_EQ(SanitizeForDisplay("a\u202eb\u202ac\u2066d\u2069e", 100), "a b c d e");
  // Names in scripts that are written from the right stay as they are.
  EXPECT_EQ(SanitizeForDisplay("\u2029\u202f\u2065\u206a\u05d0\u200f", 100),
            "\u2029\u202f\u2065\u206a\u05d0\u200f");
}

TEST(SanitizeForDisplay, BlanksControlsAndCutsAtCharacters) {
  EXPECT_EQ(SanitizeForDisplay("a\nb\x1b[0m", 100), "a b [0m");
  EXPECT_EQ(SanitizeForDisplay("ab\xc3\xbc", 3), "ab");
  EXPECT_EQ(SanitizeForDisplay("ab\xc3\xbc", 4), "ab\xc3\xbc");
}

using namespace std::chrono_literals;

TEST(ParseDuration, ReadsEveryUnit) {
  EXPECT_EQ(ParseDuration("500ms"), Duration(500ms));
  EXPECT_EQ(ParseDuration("15s"), Duration(15s));
  EXPECT_EQ(ParseDuration("5m"), Duration(5min));
  EXPECT_EQ(ParseDuration("4h"), Duration(4h));
  EXPECT_EQ(ParseDuration("2d"), Duration(48h));
  EXPECT_EQ(ParseDuration("1w"), Duration(168h));
  EXPECT_EQ(ParseDuration("1y"), Duration(8760h));
}

TEST(ParseDuration, AddsUnitsFromLargeToSmall) {
  EXPECT_EQ(ParseDuration("1m30s"), Duration(90s));
  EXPECT_EQ(ParseDuration("1h0m5s250ms"), Duration(1h + 5s + 250ms));
}

TEST(ParseDuration, ReadsZeroWithoutUnit) { EXPECT_EQ(ParseDuration("0"), Duration::zero()); }

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* text : {"", "5", "5x", "s", "-5s", "5s5s", "5s1m", "1.5s", " 5s", "5s ", "5 s",
                           "5S", "+5s", "0x5s"}) {
    const auto parsed = ParseDuration(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(
        parsed.error().message,
        "\"" + std::string(text) + "\" is not a duration: write it as in 500ms, 15s or 1m30s");
  }
}

TEST(ParseDuration, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ParseDuration("293y").error().message, "\"293y\" is too long a duration");
  EXPECT_EQ(ParseDuration("9223372036854775807h").error().message,
            "\"9223372036854775807h\" is too long a duration");
}

TEST(FormatDuration, WritesWhatParseDurationReads) {
  for (const char* text : {"500ms", "15s", "1m30s", "4h", "1d1h1m1s1ms"}) {
    EXPECT_EQ(FormatDuration(ParseDuration(text).value()), text);
  }
  EXPECT_EQ(FormatDuration(Duration::zero()), "0s");
}

TEST(ParseSize, ReadsEveryUnit) {
  EXPECT_EQ(ParseSize("64B"), 64U);
  EXPECT_EQ(ParseSize("512KiB"), 512U * 1024);
  EXPECT_EQ(ParseSize("4MiB"), 4U * 1024 * 1024);
  EXPECT_EQ(ParseSize("1GiB"), 1024U * 1024 * 1024);
}

TEST(ParseSize, RefusesEverythingElse) {
  for (const char* text : {"", "4", "4MB", "MiB", "-4MiB", "4.5MiB", "4 MiB", "99999999999GiB"}) {
    const auto parsed = ParseSize(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().message,
              "\"" + std::string(text) + "\" is not a size: write it as in 512KiB or 4MiB");
  }
}

TEST(FormatSize, WritesWhatParseSizeReads) {
  for (const char* text : {"0B", "100B", "512KiB", "4MiB", "1GiB"}) {
    EXPECT_EQ(FormatSize(ParseSize(text).value()), text);
  }
}

TEST(ParseGoDuration, ReadsWhatGoReads) {
  EXPECT_EQ(ParseGoDuration("0"), Duration(0));
  EXPECT_EQ(ParseGoDuration("1.5s"), Duration(1500ms));
  EXPECT_EQ(ParseGoDuration("1h2m3s"), Duration(3723s));
  EXPECT_EQ(ParseGoDuration("10us"), Duration(10us));
  EXPECT_EQ(ParseGoDuration("10\u00b5s"), Duration(10us));
  EXPECT_EQ(ParseGoDuration("7ns"), Duration(7));
  EXPECT_EQ(ParseGoDuration("99999999999h"), Duration::max());
  for (const char* text : {"", "1", "s", "1d", "-1s", "1s ", "1.2.3s", ".", "1s2", "1sm"}) {
    EXPECT_EQ(ParseGoDuration(text), std::nullopt) << text;
  }
}

TEST(NamePattern, MatchesAWholeNameOnly) {
  const NamePattern pattern = NamePattern::Compile("prod-.*").value();
  EXPECT_TRUE(pattern.Matches("prod-1"));
  EXPECT_TRUE(pattern.Matches("prod-"));
  EXPECT_FALSE(pattern.Matches("not-prod-1"));
  EXPECT_FALSE(NamePattern::Compile("prod").value().Matches("prod-1"));
  EXPECT_TRUE(NamePattern::Compile("a|b").value().Matches("b"));
}

TEST(NamePattern, MatchesEverythingByDefault) {
  EXPECT_TRUE(NamePattern().Matches("anything"));
  EXPECT_TRUE(NamePattern().Matches(""));
}

TEST(NamePattern, SaysWhatIsWrongWithAnExpression) {
  EXPECT_EQ(NamePattern::Compile("prod-(").error().message, "missing ): prod-(");
  EXPECT_FALSE(NamePattern::Compile("(a)\\1").has_value());
}

TEST(NamePattern, IsEqualWhenItsExpressionIs) {
  EXPECT_EQ(NamePattern::Compile("a").value(), NamePattern::Compile("a").value());
  EXPECT_NE(NamePattern::Compile("a").value(), NamePattern::Compile("b").value());
  EXPECT_NE(NamePattern::Compile("a").value(), NamePattern());
  EXPECT_EQ(NamePattern(), NamePattern());
}

// An expression that takes other engines exponential time.
TEST(NamePattern, IsNotHeldUpByAnyExpression) {
  const NamePattern pattern = NamePattern::Compile("(a*)*b").value();
  EXPECT_FALSE(pattern.Matches(std::string(10'000, 'a')));
}

}  // namespace
}  // namespace telnyx_exporter
