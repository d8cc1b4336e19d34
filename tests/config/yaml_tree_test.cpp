#include "config/yaml_tree.h"

#include <array>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace telnyx_exporter {
namespace {

// The tree in one line: {a: [b, -]} where - is an empty value.
std::string Show(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kEmpty:
      return "-";
    case YamlNode::Kind::kScalar:
      return node.scalar;
    case YamlNode::Kind::kList: {
      std::string text;
      for (const auto& child : node.children) text += (text.empty() ? "" : ", ") + Show(*child);
      return "[" + text + "]";
    }
    case YamlNode::Kind::kMapping: {
      std::string text;
      for (std::size_t i = 0; i < node.children.size(); i += 2) {
        text += (i == 0 ? "" : ", ") + Show(*node.children[i]) + ": " + Show(*node.children[i + 1]);
      }
      return "{" + text + "}";
    }
  }
  return "";
}

// The result for the text: its tree, "empty", or "LINE:COLUMN: what is wrong".
std::string Parsed(std::string_view text, const YamlLimits& limits = {}) {
  const auto root = ParseYaml(text, limits);
  if (!root) return FormatConfigMessage("", root.error()).substr(1);
  return *root == nullptr ? "empty" : Show(**root);
}

TEST(ParseYaml, BuildsATree) {
  EXPECT_EQ(Parsed("a: 1\nb: [x, 'y', ~]\nc: {d: \"e\", f: }\n"),
            "{a: 1, b: [x, y, -], c: {d: e, f: -}}");
  EXPECT_EQ(Parsed(""), "empty");
  EXPECT_EQ(Parsed("# nothing\n"), "empty");
  EXPECT_EQ(Parsed("~"), "empty");
}

TEST(ParseYaml, KnowsWhereEachValueStands) {
  const auto root = ParseYaml("a:\n  - b\n  - {c: d}\n");
  ASSERT_TRUE(root.has_value());
  const YamlNode& list = *(*root)->children[1];
  EXPECT_EQ(list.children[0]->line, 2U);
  EXPECT_EQ(list.children[0]->column, 5U);
  EXPECT_EQ(list.children[1]->children[1]->line, 3U);
  EXPECT_EQ(list.children[1]->children[1]->column, 9U);
}

TEST(ParseYaml, AcceptsWindowsLineEndsAndAByteOrderMark) {
  EXPECT_EQ(Parsed("\xef\xbb\xbf"
                   "a: 1\r\nb: 2\r\n"),
            "{a: 1, b: 2}");
  EXPECT_EQ(Parsed("\xef\xbb\xbf"
                   "a: [\r\n"),
            "2:1: is not valid YAML: end of sequence flow not found");
}

TEST(ParseYaml, RefusesWhatIsNotUtf8Text) {
  EXPECT_EQ(Parsed(std::string("a: 1\nb: \0x", 9)),
            "2:4: control character U+0000 (a NUL byte): remove it");
  EXPECT_EQ(Parsed("a: \x1b[31m"), "1:4: control character U+001B: remove it");
  EXPECT_EQ(Parsed("a: \x7f"), "1:4: control character U+007F: remove it");
  for (const char* text :
       {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x80\x80\x80",
        "\xe2\x82", "\xc3", "\x80", "\xf8\x88\x80\x80\x80"}) {
    const std::string parsed = Parsed(std::string("a: ") + text);
    EXPECT_TRUE(parsed.starts_with("1:4: byte 0x") &&
                parsed.ends_with(" is not UTF-8: save the file as UTF-8"))
        << parsed;
  }
  EXPECT_EQ(Parsed("a: \u00e4\u20ac\U0001f600"), "{a: \u00e4\u20ac\U0001f600}");
}

TEST(ParseYaml, NamesUtf16AndUtf32) {
  for (const std::string& text :
       {std::string("\xff\xfe"
                    "a\0",
                    4),
        std::string("\xfe\xff\0a", 4), std::string("a\0:\0", 4), std::string("\0\0\0a", 4)}) {
    EXPECT_EQ(Parsed(text), "1:1: is UTF-16 or UTF-32: save the file as UTF-8");
  }
}

TEST(ParseYaml, NamesTabsThatIndent) {
  EXPECT_EQ(Parsed("a:\n\tb: 1\n"), "2:1: is indented by a tab: YAML allows spaces only");
  EXPECT_EQ(Parsed("a:\n  b: 1\n\tc: 2\n"), "3:1: is indented by a tab: YAML allows spaces only");
  EXPECT_EQ(Parsed("a: 1\t# tabs elsewhere\n\t\nb:\t2\n"), "{a: 1, b: 2}");
}

TEST(ParseYaml, QuotesNothingOfTheTextInAnError) {
  EXPECT_EQ(Parsed("a: *KEYsecret"),
            "1:4: is not valid YAML: the referenced anchor is not defined");
  EXPECT_EQ(Parsed("a: \"\\K\""), "1:7: is not valid YAML: unknown escape character");
  EXPECT_EQ(Parsed("%YAML KEYsecret\n---\n"), "1:1: is not valid YAML: bad YAML version");
  for (const char* tag : {"!!binary NXM=", "!!set {b}", "!!python/object:os.system {b: c}"}) {
    EXPECT_EQ(Parsed(std::string("a: ") + tag),
              "1:4: has a YAML tag that means nothing here: remove it")
        << tag;
  }
  EXPECT_EQ(Parsed("a: !KEYsecret b"), "1:4: has a YAML tag that means nothing here: remove it");
}

TEST(ParseYaml, AllowsStandardTags) {
  EXPECT_EQ(Parsed("{a: !!str 1, b: ! x, c: !!int 2}"), "{a: 1, b: x, c: 2}");
}

TEST(ParseYaml, ExpandsAliases) {
  EXPECT_EQ(Parsed("a: &x {b: 1}\nc: *x\nd: [*x, *x]\n"),
            "{a: {b: 1}, c: {b: 1}, d: [{b: 1}, {b: 1}]}");
  const auto root = ParseYaml("a: &x {b: 1}\nc: *x\n");
  EXPECT_EQ((*root)->values, 9U);  // two keys, two mappings of three, and itself
}

TEST(ParseYaml, RefusesAnAliasToWhatContainsIt) {
  EXPECT_EQ(Parsed("a: &x [*x]"), "1:8: an alias refers to what contains it");
}

TEST(ParseYaml, BoundsWhatAliasesExpandTo) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'i'; ++name) {
    bomb += std::string(1, name) + ": &" + name + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i == 0 ? "*" : ", *") + char(name - 1);
    bomb += "]\n";
  }
  EXPECT_EQ(Parsed(bomb), "5:36: aliases expand to more than 100000 values: write them out");
  const YamlLimits limits{.max_aliased_values = 4};
  EXPECT_EQ(Parsed("[&a [x], *a, *a]", limits), "[[x], [x], [x]]");
  EXPECT_EQ(Parsed("[&a [x], *a, *a, *a]", limits),
            "1:18: aliases expand to more than 4 values: write them out");
}

TEST(ParseYaml, BoundsTheNumberOfValues) {
  const YamlLimits limits{.max_values = 5};
  EXPECT_EQ(Parsed("[a, [b, c]]", limits), "[a, [b, c]]");
  EXPECT_EQ(Parsed("[a, [b, c, d]]", limits), "1:12: the file has more than 5 values");
  EXPECT_EQ(Parsed("[a, b, c, d, e, f]", limits), "1:14: the file has more than 5 values");
}

TEST(ParseYaml, BoundsTheDepth) {
  const YamlLimits limits{.max_depth = 2};
  EXPECT_EQ(Parsed("[{a: b}]", limits), "[{a: b}]");
  EXPECT_EQ(Parsed("[{a: [b]}]", limits), "1:6: is nested more than 2 levels deep");
  EXPECT_TRUE(Parsed(std::string(100'000, '[')).ends_with("is nested more than 64 levels deep"));
  EXPECT_EQ(Parsed(std::string(64, '[') + std::string(64, ']')),
            std::string(64, '[') + std::string(64, ']'));
}

// Sees where documents begin and nothing else.
class DocumentStarts final : public YAML::EventHandler {
 public:
  std::vector<YAML::Mark> starts;

  void OnDocumentStart(const YAML::Mark& mark) override { starts.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}
};

// "second" where yaml-cpp begins a second document, "invalid" where it fails before, else "one".
std::string ByYamlCpp(const std::string& yaml) {
  std::istringstream stream(yaml);
  DocumentStarts documents;
  try {
    YAML::Parser parser(stream);
    while (documents.starts.size() < 2 && parser.HandleNextDocument(documents)) {
    }
  } catch (const YAML::Exception&) {
    return documents.starts.size() < 2 ? "invalid" : "second";
  }
  return documents.starts.size() < 2 ? "one" : "second";
}

std::string ByUs(const std::string& yaml) {
  const auto root = ParseYaml(yaml);
  if (root) return "one";
  return root.error().text.starts_with("a second YAML document begins here") ? "second" : "invalid";
}

// yaml-cpp keeps all of a document in brackets until the last one.
TEST(ParseYaml, BoundsADocumentInBrackets) {
  const YamlLimits limits{.max_flow_marks = 10'000};
  const std::string too_many =
      " holds a list or mapping in brackets with more than 10000 brackets, commas, colons and "
      "quotes: write each entry on a line, without brackets around all of them";
  const auto repeated = [](std::string text, std::string_view piece) {
    for (int i = 0; i < 11'000; ++i) text += piece;
    return text;
  };
  for (const char* piece :
       {"[", "1,", "{a: ", "'' ", "[1], ", "\"\": 1, ", "&a ", "!a ", "? ", "x #\n"}) {
    EXPECT_EQ(Parsed(repeated("[", piece), limits), too_many) << piece;
  }
  EXPECT_TRUE(ParseYaml(repeated("", "- [1, {a: \"b\"}]\n"), limits).has_value());
  EXPECT_TRUE(ParseYaml(repeated("a: [", "[1], ") + "]", limits).has_value());
}

TEST(ParseYaml, TakesTenThousandConnectionsAsJson) {
  std::string json = R"({"accounts": [{"connections": [)";
  for (int i = 0; i < 10'000; ++i) {
    json += R"({"id": "1293384261075731461", "name": "support-line", "interval": "15s", )"
            R"("labels": {"team": "voice", "site": "berlin"}, "channel_limit": 100},)"
            "\n";
  }
  EXPECT_TRUE(ParseYaml(json + "]}]}").has_value());
}

TEST(ParseYaml, SeesASecondDocumentWhereverThereIsOne) {
  constexpr std::array<std::string_view, 16> kPieces = {
      "a: 1\n", "  b: 2\n", "a:\n", "- x\n", "{c: d}\n", "{\nc: d}", "? k\n", "---\n",
      "--- ",   "...\n",    ",",    "]",     "&x ",      "# c\n",    "\n",    "%YAML 1.2\n"};
  std::size_t with_second = 0;
  for (std::size_t i = 0; i < kPieces.size() * kPieces.size() * kPieces.size() * kPieces.size();
       ++i) {
    std::string yaml;
    for (std::size_t rest = i, piece = 0; piece < 4; rest /= kPieces.size(), ++piece) {
      yaml += kPieces[rest % kPieces.size()];
    }
    const std::string expected = ByYamlCpp(yaml + "\n...\n");
    if (expected == "second") ++with_second;
    ASSERT_EQ(ByUs(yaml), expected) << yaml;
  }
  EXPECT_GT(with_second, 1000U);
}

}  // namespace
}  // namespace telnyx_exporter
