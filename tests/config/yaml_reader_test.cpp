#include "config/yaml_reader.h"

#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

constexpr std::string_view kSecondDocument = "a second YAML document begins here";

// Where ReadDocument sees a second document, as "LINE:COLUMN"; "-" when there is none, and "not
// YAML" when the text is none.
std::string SecondAsRead(const std::string& yaml) {
  ConfigMessages messages;
  ReadDocument(yaml, messages, [](const YAML::Node&) {});
  if (messages.errors().empty()) return "-";
  const ConfigMessage& error = messages.errors().front();
  if (!error.text.starts_with(kSecondDocument)) return "not YAML";
  return std::to_string(error.line) + ":" + std::to_string(error.column);
}

// The same, found by reading all of the text.
std::string SecondAsSearched(const std::string& yaml) {
  try {
    const auto mark = FindSecondDocument(yaml);
    if (!mark) return "-";
    return std::to_string(mark->line + 1) + ":" + std::to_string(mark->column + 1);
  } catch (const YAML::Exception&) {
    return "not YAML";
  }
}

// ReadDocument searches only where it thinks that there can be one: every text of up to four of
// these pieces shows whether it is right.
TEST(ReadDocument, SeesASecondDocumentWhereverThereIsOne) {
  constexpr std::array<std::string_view, 17> kPieces = {
      "a: 1\n", "  b: 2\n", "a:\n", "- x\n", "{c: d}\n", "{\nc: d}", "? k\n", "---\n",      "--- ",
      "...\n",  ",",        "]",    "!t ",   "&x ",      "# c\n",    "\n",    "%YAML 1.2\n"};
  std::size_t with_second = 0;
  for (std::size_t i = 0; i < kPieces.size() * kPieces.size() * kPieces.size() * kPieces.size();
       ++i) {
    std::string yaml;
    for (std::size_t rest = i, piece = 0; piece < 4; rest /= kPieces.size(), ++piece) {
      yaml += kPieces[rest % kPieces.size()];
    }
    const std::string expected = SecondAsSearched(yaml);
    if (expected != "-" && expected != "not YAML") ++with_second;
    ASSERT_EQ(SecondAsRead(yaml), expected) << yaml;
  }
  EXPECT_GT(with_second, 1000U);
}

TEST(ReadDocument, SeesASecondDocumentInUtf16) {
  const std::string_view text = "a: 1\n---\nb: 2\n";
  std::string utf16 = "\xff\xfe";
  for (const char character : text) utf16 += {character, '\0'};
  EXPECT_EQ(SecondAsRead(utf16), SecondAsSearched(utf16));
  EXPECT_NE(SecondAsRead(utf16), "-");
}

}  // namespace
}  // namespace telnyx_exporter
