#include "config/yaml_reader.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <set>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/eventhandler.h>

#include "base/text.h"
#include "base/units.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20U;
constexpr std::size_t kShownBytes = 60;
constexpr std::size_t kMaxSyntaxErrorBytes = 200;

ConfigMessage MakeMessage(const YAML::Mark& mark, std::string path, std::string text) {
  const bool known = !mark.is_null();
  return {.line = known ? static_cast<std::size_t>(mark.line) + 1 : 0,
          .column = known ? static_cast<std::size_t>(mark.column) + 1 : 0,
          .path = std::move(path),
          .text = std::move(text)};
}

std::string Quote(std::string_view text) {
  return fmt::format("\"{}\"", SanitizeForDisplay(text, kShownBytes));
}

std::string_view KindOf(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  return node.IsNull() ? "empty" : "a value";
}

std::optional<double> ParseFinite(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !std::isfinite(number)) return std::nullopt;
  return number;
}

// How many letters have to be changed, added or taken away.
std::size_t EditDistance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string UnknownKey(std::initializer_list<YamlKey> keys, std::string_view name) {
  const auto nearest = std::ranges::min_element(
      keys, {}, [&](const YamlKey& key) { return EditDistance(key.name, name); });
  if (name.size() <= kShownBytes && EditDistance(nearest->name, name) <= 2) {
    return fmt::format("unknown key; did you mean {}?", nearest->name);
  }
  std::vector<std::string_view> names;
  for (const YamlKey& key : keys) names.push_back(key.name);
  return fmt::format("unknown key: the known ones are {}", fmt::join(names, ", "));
}

// Sees where documents begin and nothing else.
class DocumentStarts final : public YAML::EventHandler {
 public:
  const std::vector<YAML::Mark>& starts() const { return starts_; }

  void OnDocumentStart(const YAML::Mark& mark) override { starts_.push_back(mark); }
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

 private:
  std::vector<YAML::Mark> starts_;
};

// YAML::Load passes over what follows the first document. When that is a block mapping from the
// first column on, only a marker or a directive can end it before the end of the text.
bool MayHaveSecondDocument(std::string_view yaml, const YAML::Node& first) {
  const bool is_block_mapping =
      first.IsMap() && first.size() > 0 && first.Style() == YAML::EmitterStyle::Block;
  if (!is_block_mapping || first.begin()->first.Mark().column > 0) return true;
  // A zero byte: UTF-16, in which markers look different.
  return yaml.contains("\n---") || yaml.contains("\n...") || yaml.contains("\n%") ||
         yaml.contains('\0');
}

// yaml-cpp counts on when it looks for more than there is.
YAML::Mark NotBehind(std::string_view yaml, YAML::Mark mark) {
  const int size = static_cast<int>(yaml.size());
  if (mark.pos > size) mark.column = std::max(0, mark.column - (mark.pos - size));
  return mark;
}

}  // namespace

// Not with YAML::LoadAll, which makes documents without end of a token that belongs to nothing.
std::optional<YAML::Mark> FindSecondDocument(const std::string& yaml) {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  DocumentStarts documents;
  while (documents.starts().size() < 2 && parser.HandleNextDocument(documents)) {
  }
  if (documents.starts().size() < 2) return std::nullopt;
  return documents.starts()[1];
}

void ConfigMessages::Error(const YAML::Mark& mark, std::string path, std::string text) {
  errors_.push_back(MakeMessage(mark, std::move(path), std::move(text)));
}

void ConfigMessages::Warn(const YAML::Mark& mark, std::string path, std::string text) {
  warnings_.push_back(MakeMessage(mark, std::move(path), std::move(text)));
}

std::expected<std::string, ConfigMessage> ReadConfigText(const std::string& path) {
  const auto refuse = [](std::string text) {
    return std::unexpected(ConfigMessage{.text = std::move(text)});
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) return refuse(fmt::format("cannot be read: {}", std::strerror(errno)));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return refuse("cannot be read");
  if (text.size() > kMaxFileBytes) {
    return refuse(fmt::format("has more than {}", FormatSize(kMaxFileBytes)));
  }
  return text;
}

bool ReadDocument(std::string_view yaml, ConfigMessages& messages,
                  const std::function<void(const YAML::Node&)>& read) {
  try {
    const std::string text(yaml);
    const YAML::Node document = YAML::Load(text);
    // To look for it is to read all of the text once more.
    const auto second =
        MayHaveSecondDocument(text, document) ? FindSecondDocument(text) : std::nullopt;
    if (second) {
      messages.Error(*second, "",
                     "a second YAML document begins here: the file must have one alone");
      return true;
    }
    if (document.IsNull()) return false;
    read(document);
  } catch (const YAML::Exception& error) {
    // It may quote the file.
    messages.Error(NotBehind(yaml, error.mark), "",
                   SanitizeForDisplay(error.msg, kMaxSyntaxErrorBytes));
  }
  std::ranges::stable_sort(messages.errors(), {}, [](const ConfigMessage& message) {
    return std::pair(message.line, message.column);
  });
  return true;
}

ConfigMessage YamlValue::Place() const { return MakeMessage(mark(), path_, ""); }

std::optional<std::string> YamlValue::Scalar(std::string_view what) const {
  if (node_.IsScalar()) return node_.Scalar();
  Error(fmt::format("is {}, not {}", KindOf(node_), what));
  return std::nullopt;
}

std::optional<std::string> YamlValue::Text(std::size_t max_bytes) const {
  auto text = Scalar("a text");
  if (!text) return std::nullopt;
  if (text->size() > max_bytes) {
    Error(fmt::format("has {} bytes: at most {} are allowed", text->size(), max_bytes));
    return std::nullopt;
  }
  // What sanitizing would change is not fit to be shown.
  if (SanitizeForDisplay(*text, max_bytes * 3) != *text) {
    Error("holds a control character or a byte that is not UTF-8");
    return std::nullopt;
  }
  return text;
}

std::optional<bool> YamlValue::Bool() const {
  const auto text = Scalar("true or false");
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  Error(fmt::format("{} is not true or false", Quote(*text)));
  return std::nullopt;
}

std::optional<std::uint32_t> YamlValue::Integer(std::uint32_t least, std::uint32_t most) const {
  const auto text = Scalar("a whole number");
  if (!text) return std::nullopt;
  const auto number = ParseUnsigned(*text);
  if (!number || *number < least || *number > most) {
    Error(fmt::format("{} is not a whole number from {} to {}", Quote(*text), least, most));
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*number);
}

std::optional<double> YamlValue::Number(double above, double most) const {
  const auto text = Scalar("a number");
  if (!text) return std::nullopt;
  const auto number = ParseFinite(*text);
  if (number && *number > above && *number <= most) return number;
  Error(fmt::format("{} is not a number above {} and up to {}", Quote(*text), above, most));
  return std::nullopt;
}

std::optional<double> YamlValue::NumberBetween(double least, double most) const {
  const auto text = Scalar("a number");
  if (!text) return std::nullopt;
  const auto number = ParseFinite(*text);
  if (number && *number >= least && *number <= most) return number;
  Error(fmt::format("{} is not a number from {} to {}", Quote(*text), least, most));
  return std::nullopt;
}

std::optional<Duration> YamlValue::DurationBetween(Duration least, Duration most) const {
  const auto text = Scalar("a duration");
  if (!text) return std::nullopt;
  const auto duration = ParseDuration(*text);
  if (!duration) {
    Error(fmt::format("{} is not a duration: write it as in 500ms, 15s or 1m30s", Quote(*text)));
    return std::nullopt;
  }
  if (*duration < least || *duration > most) {
    Error(fmt::format("{} is not from {} to {}", Quote(*text), FormatDuration(least),
                      FormatDuration(most)));
    return std::nullopt;
  }
  return *duration;
}

std::optional<std::uint64_t> YamlValue::SizeBetween(std::uint64_t least, std::uint64_t most) const {
  const auto text = Scalar("a size");
  if (!text) return std::nullopt;
  const auto size = ParseSize(*text);
  if (!size) {
    Error(fmt::format("{} is not a size: write it as in 512KiB or 4MiB", Quote(*text)));
    return std::nullopt;
  }
  if (*size < least || *size > most) {
    Error(
        fmt::format("{} is not from {} to {}", Quote(*text), FormatSize(least), FormatSize(most)));
    return std::nullopt;
  }
  return *size;
}

std::optional<std::vector<YamlValue>> YamlValue::List() const {
  if (!node_.IsSequence()) {
    Error(fmt::format("is {}, not a list", KindOf(node_)));
    return std::nullopt;
  }
  std::vector<YamlValue> elements;
  for (const YAML::Node& node : node_) {
    elements.emplace_back(node, fmt::format("{}[{}]", path_, elements.size()), *messages_);
  }
  return elements;
}

std::optional<std::vector<std::pair<std::string, YamlValue>>> YamlValue::Entries() const {
  if (!node_.IsMap()) {
    Error(fmt::format("is {}, not a mapping", KindOf(node_)));
    return std::nullopt;
  }
  std::vector<std::pair<std::string, YamlValue>> entries;
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    if (!entry.first.IsScalar()) {
      messages_->Error(entry.first.Mark(), path_, "a key is not a text");
      continue;
    }
    const std::string name = entry.first.Scalar();
    const std::string shown = SanitizeForDisplay(name, kShownBytes);
    const std::string path = path_.empty() ? shown : fmt::format("{}.{}", path_, shown);
    if (!seen.insert(name).second) {
      messages_->Error(entry.first.Mark(), path, "stands there twice");
      continue;
    }
    entries.emplace_back(name, YamlValue(entry.second, entry.first.Mark(), path, *messages_));
  }
  return entries;
}

void ReadMapping(const YamlValue& value, std::initializer_list<YamlKey> keys) {
  const auto entries = value.Entries();
  if (!entries) return;
  for (const auto& [name, entry] : *entries) {
    const auto key = std::ranges::find(keys, std::string_view(name), &YamlKey::name);
    if (key == keys.end()) {
      entry.KeyError(UnknownKey(keys, name));
    } else {
      key->read(entry);
    }
  }
}

}  // namespace telnyx_exporter
