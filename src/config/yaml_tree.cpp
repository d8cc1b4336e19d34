#include "config/yaml_tree.h"

#include <algorithm>
#include <array>
#include <istream>
#include <map>
#include <streambuf>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kStandardTagPrefix = "tag:yaml.org,2002:";

// Of the standard tags those that change nothing about how a value is read: "!!binary" would.
bool SaysWhatIsReadAnyway(std::string_view tag) {
  constexpr std::array<std::string_view, 7> kNames = {"str",  "int", "float", "bool",
                                                      "null", "seq", "map"};
  if (!tag.starts_with(kStandardTagPrefix)) return false;
  return std::ranges::find(kNames, tag.substr(kStandardTagPrefix.size())) != kNames.end();
}

// Ends the parsing from within an event.
struct Refusal {
  YAML::Mark mark;
  std::string text;
};

// How far the events of the document have come.
struct Progress {
  YAML::Mark mark = YAML::Mark::null_mark();  // of the last event
  std::size_t marks = 0;                      // read since
};

// Hands the text to yaml-cpp, until it has read too much without making an event of it.
class BoundedText final : public std::streambuf {
 public:
  BoundedText(std::string_view text, Progress& progress, std::size_t max_marks)
      : text_(text), progress_(progress), max_marks_(max_marks) {}

 protected:
  int_type underflow() override {
    constexpr std::size_t kPieceBytes = 1024;
    if (text_.empty()) return traits_type::eof();
    const std::string_view piece = text_.substr(0, kPieceBytes);
    text_.remove_prefix(piece.size());
    progress_.marks += static_cast<std::size_t>(std::ranges::count_if(piece, IsMark));
    if (progress_.marks > max_marks_) {
      throw Refusal{progress_.mark,
                    fmt::format("holds a list or mapping in brackets with more than {} brackets, "
                                "commas, colons and quotes: write each entry on a line, without "
                                "brackets around all of them",
                                max_marks_)};
    }
    char* const begin = const_cast<char*>(piece.data());  // only read, but the interface wants it
    setg(begin, begin, begin + piece.size());
    return traits_type::to_int_type(*begin);
  }

 private:
  // What separates the tokens within brackets.
  static bool IsMark(char c) { return std::string_view("[]{},:\"'?&*!#").contains(c); }

  std::string_view text_;
  Progress& progress_;
  const std::size_t max_marks_;
};

ConfigMessage MessageAt(const YAML::Mark& mark, std::string text) {
  const bool known = !mark.is_null();
  return {.line = known ? static_cast<std::size_t>(mark.line) + 1 : 0,
          .column = known ? static_cast<std::size_t>(mark.column) + 1 : 0,
          .path = "",
          .text = std::move(text)};
}

// The end of the text for what comes after it: yaml-cpp goes on counting there.
YAML::Mark NotPastTheEnd(std::string_view text, YAML::Mark mark) {
  if (mark.pos <= static_cast<int>(text.size())) return mark;
  mark.line = static_cast<int>(std::ranges::count(text, '\n'));
  mark.column = static_cast<int>(text.size() - (text.rfind('\n') + 1));
  return mark;
}

// Builds the tree of the first document and refuses a second one.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const YamlLimits& limits, Progress& progress)
      : text_(text), limits_(limits), progress_(progress) {}

  const std::shared_ptr<const YamlNode>& root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw Refusal{mark, "a second YAML document begins here: the file must contain only one"};
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(Remember(anchor, MakeNode(mark, "", YamlNode::Kind::kEmpty)));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refusal{mark, "an alias refers to what contains it"};
    aliased_ += found->second->values;
    if (aliased_ > limits_.max_aliased_values) {
      throw Refusal{mark, fmt::format("aliases expand to more than {} values: write them out",
                                      limits_.max_aliased_values)};
    }
    Count(mark, found->second->values);
    Add(found->second);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = MakeNode(mark, tag, YamlNode::Kind::kScalar);
    node->scalar = value;
    Add(Remember(anchor, std::move(node)));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(MakeNode(mark, tag, YamlNode::Kind::kList), mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(MakeNode(mark, tag, YamlNode::Kind::kMapping), mark, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  using NodePointer = std::shared_ptr<const YamlNode>;
  struct OpenNode {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
  };

  std::shared_ptr<YamlNode> MakeNode(const YAML::Mark& mark, const std::string& tag,
                                     YamlNode::Kind kind) {
    // "?" and "!" are yaml-cpp's words for no tag.
    if (!tag.empty() && tag != "?" && tag != "!" && !SaysWhatIsReadAnyway(tag)) {
      throw Refusal{mark, "has a YAML tag that means nothing here: remove it"};
    }
    Count(mark, 1);
    const ConfigMessage place = MessageAt(NotPastTheEnd(text_, mark), "");
    return std::make_shared<YamlNode>(YamlNode{
        .kind = kind, .line = place.line, .column = place.column, .scalar = {}, .children = {}});
  }

  NodePointer Remember(YAML::anchor_t anchor, NodePointer node) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    return node;
  }

  void Open(std::shared_ptr<YamlNode> node, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= limits_.max_depth) {
      throw Refusal{mark, fmt::format("is nested more than {} levels deep", limits_.max_depth)};
    }
    open_.push_back({std::move(node), anchor});
  }

  void Close() {
    OpenNode closed = std::move(open_.back());
    open_.pop_back();
    Add(Remember(closed.anchor, std::move(closed.node)));
  }

  void Count(const YAML::Mark& mark, std::size_t values) {
    progress_ = {.mark = mark};
    values_ += values;
    if (values_ <= limits_.max_values) return;
    throw Refusal{mark, fmt::format("the file has more than {} values", limits_.max_values)};
  }

  void Add(NodePointer node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    YamlNode& parent = *open_.back().node;
    parent.values += node->values;
    parent.children.push_back(std::move(node));
  }

  const std::string_view text_;
  const YamlLimits limits_;
  Progress& progress_;
  std::size_t documents_ = 0;
  std::size_t values_ = 0;   // aliases expanded
  std::size_t aliased_ = 0;  // of them through aliases
  std::vector<OpenNode> open_;
  std::map<YAML::anchor_t, NodePointer> anchors_;
  NodePointer root_;
};

bool IsUtf16Or32(std::string_view text) {
  return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") ||
         text.substr(0, 4).contains('\0');
}

// What keeps the text from being UTF-8 without control characters.
std::string FindCharacterFault(std::string_view rest, std::size_t size) {
  const auto first = static_cast<unsigned char>(rest[0]);
  if (size == 0) return fmt::format("byte 0x{:02X} is not UTF-8: save the file as UTF-8", first);
  const bool control =
      (first < 0x20 && first != '\t' && first != '\n' && first != '\r') || first == 0x7f;
  if (!control) return {};
  return fmt::format("control character U+{:04X}{}: remove it", first,
                     first == 0 ? " (a NUL byte)" : "");
}

std::expected<void, ConfigMessage> CheckCharacters(std::string_view text) {
  if (IsUtf16Or32(text)) {
    return std::unexpected(ConfigMessage{
        .line = 1, .column = 1, .path = "", .text = "is UTF-16 or UTF-32: save the file as UTF-8"});
  }
  std::size_t line = 1;
  std::size_t line_begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const std::size_t size = Utf8Length(rest);
    if (std::string fault = FindCharacterFault(rest, size); !fault.empty()) {
      return std::unexpected(ConfigMessage{
          .line = line, .column = at - line_begin + 1, .path = "", .text = std::move(fault)});
    }
    at += size;
    if (rest[0] != '\n') continue;
    ++line;
    line_begin = at;
  }
  return {};
}

std::string_view LineAt(std::string_view text, std::size_t line) {
  for (std::size_t i = 0; i < line; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

bool IsIndentedByTab(std::string_view line) {
  const std::size_t content = line.find_first_not_of(" \t\r");
  return content != std::string_view::npos && line.substr(0, content).contains('\t');
}

// A syntax error in the parser's words, without what they quote of the file: it may be a secret.
ConfigMessage SyntaxError(std::string_view text, const YAML::Exception& error) {
  const YAML::Mark mark = NotPastTheEnd(text, error.mark);
  const std::string_view words = std::string_view(error.msg).substr(0, error.msg.find(": "));
  ConfigMessage message = MessageAt(mark, fmt::format("is not valid YAML: {}", words));
  for (int line = mark.line; line >= std::max(0, mark.line - 1) && !mark.is_null(); --line) {
    if (!IsIndentedByTab(LineAt(text, static_cast<std::size_t>(line)))) continue;
    return {.line = static_cast<std::size_t>(line) + 1,
            .column = 1,
            .path = "",
            .text = "is indented by a tab: YAML allows spaces only"};
  }
  return message;
}

}  // namespace

std::expected<std::shared_ptr<const YamlNode>, ConfigMessage> ParseYaml(std::string_view text,
                                                                        const YamlLimits& limits) {
  const bool has_mark = text.starts_with(kByteOrderMark);
  if (has_mark) text.remove_prefix(kByteOrderMark.size());
  if (auto checked = CheckCharacters(text); !checked) return std::unexpected(checked.error());
  Progress progress;
  TreeBuilder builder(text, limits, progress);
  // yaml-cpp takes the end of the text for a missing closing quote, and a string that swallows all
  // the rest for what was meant. It takes no end of the document for one.
  const std::string ended = fmt::format("{}{}...\n", text, text.ends_with('\n') ? "" : "\n");
  BoundedText buffer(ended, progress, limits.max_flow_marks);
  try {
    std::istream stream(&buffer);
    stream.exceptions(std::ios::badbit);  // lets a refusal pass
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    return std::unexpected(MessageAt(NotPastTheEnd(text, refusal.mark), refusal.text));
  } catch (const YAML::Exception& error) {
    if (error.msg == YAML::ErrorMsg::DOC_IN_SCALAR) {
      return std::unexpected(
          MessageAt(progress.mark.is_null() ? YAML::Mark() : NotPastTheEnd(text, progress.mark),
                    "a quoted string that begins here or later is not closed"));
    }
    return std::unexpected(SyntaxError(text, error));
  }
  const auto& root = builder.root();
  if (root == nullptr || root->kind == YamlNode::Kind::kEmpty) return nullptr;
  return root;
}

}  // namespace telnyx_exporter
