#include "config/yaml_reader.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <ranges>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kShownBytes = 60;
constexpr std::size_t kMaxMessages = 10'000;

std::string_view KindOf(const YamlNode& node) {
  constexpr std::array<std::string_view, 4> kNames = {"empty", "a single value", "a list",
                                                      "a mapping"};
  return kNames[static_cast<std::size_t>(node.kind)];
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

std::string UnknownKey(const std::vector<YamlKey>& keys, std::string_view name) {
  const auto nearest = std::ranges::min_element(
      keys, {}, [&](const YamlKey& key) { return EditDistance(key.name, name); });
  if (name.size() <= kShownBytes && EditDistance(nearest->name, name) <= 2) {
    return fmt::format("unknown key; did you mean {}?", nearest->name);
  }
  return fmt::format("unknown key: allowed are {}",
                     fmt::join(keys | std::views::transform(&YamlKey::name), ", "));
}

// A key as messages show it. One that looks like none may be a secret in the wrong place, as in
// "api_key:KEY0123" with a forgotten blank: of it, no more than the letters that it begins with.
std::string ShownKey(std::string_view key) {
  constexpr std::size_t kTooShortForASecret = 4;
  constexpr std::size_t kMaxShortKey = 16;
  if (key.size() <= kTooShortForASecret) return SanitizeForDisplay(key, kShownBytes);
  const auto first_other = std::ranges::find_if_not(key, [](char c) {
    const char letter = ToLowerAscii(c);
    return (letter >= 'a' && letter <= 'z') || c == '_' || c == '-';
  });
  const auto letters = static_cast<std::size_t>(first_other - key.begin());
  const bool is_ordinary = (letters == key.size() && letters <= kShownBytes) ||
                           (key.size() <= kMaxShortKey && IsAlphanumericOr("_-.", key));
  return is_ordinary ? std::string(key)
                     : fmt::format("{}…", key.substr(0, std::min(letters, kMaxShortKey)));
}

}  // namespace

void ConfigMessages::Add(std::vector<ConfigMessage>& messages, ConfigMessage message) {
  if (messages.size() < kMaxMessages) messages.push_back(std::move(message));
}

std::expected<std::string, ConfigMessage> ReadConfigText(const std::string& path) {
  auto file = ReadFile(path, kMaxConfigFileBytes);
  if (!file) return std::unexpected(ConfigMessage{.text = std::move(file.error().message)});
  return std::move(file->text);
}

bool ReadDocument(std::string_view yaml, ConfigMessages& messages,
                  const std::function<void(const YamlNode&)>& read) {
  const auto document = ParseYaml(yaml);
  if (!document) {
    messages.Error(document.error());
    return true;
  }
  if (*document == nullptr) return false;
  read(**document);
  SortAndBound(messages.errors());
  SortAndBound(messages.warnings());
  return true;
}

std::string QuoteForMessage(std::string_view text, std::size_t max_bytes) {
  return fmt::format("\"{}\"", SanitizeForDisplay(text, max_bytes));
}

// What sanitizing would change is not fit to be shown.
bool IsShowableText(std::string_view text, std::size_t max_bytes) {
  return text.size() <= max_bytes && SanitizeForDisplay(text, max_bytes * 3) == text;
}

ConfigPlace YamlValue::PlaceOf(const YamlNode& node) const {
  return {.line = node.line, .column = node.column, .path = path_};
}

ConfigPlace YamlValue::Place() const { return PlaceOf(IsEmpty() ? *key_ : *node_); }

void YamlValue::KeyError(std::string text) const {
  messages_->Error(MessageAt(PlaceOf(*key_), std::move(text)));
}

void YamlValue::KeyWarn(std::string text) const {
  messages_->Warn(MessageAt(PlaceOf(*key_), std::move(text)));
}

std::optional<std::string> YamlValue::Scalar(std::string_view what) const {
  if (node_->kind == YamlNode::Kind::kScalar) return node_->scalar;
  Error(fmt::format("is {}, not {}", KindOf(*node_), what));
  return std::nullopt;
}

std::optional<std::string> YamlValue::Text(std::size_t max_bytes) const {
  auto text = Scalar("a string");
  if (!text) return std::nullopt;
  if (text->size() > max_bytes) {
    Error(fmt::format("has {} bytes: at most {} are allowed", text->size(), max_bytes));
    return std::nullopt;
  }
  if (!IsShowableText(*text, max_bytes)) {
    Error("contains a control character or a byte that is not UTF-8: remove it");
    return std::nullopt;
  }
  return text;
}

std::optional<std::vector<YamlValue>> YamlValue::List() const {
  if (node_->kind != YamlNode::Kind::kList) {
    Error(fmt::format("is {}, not a list", KindOf(*node_)));
    return std::nullopt;
  }
  std::vector<YamlValue> elements;
  elements.reserve(node_->children.size());
  for (std::size_t i = 0; i < node_->children.size(); ++i) elements.push_back(*Element(i));
  return elements;
}

std::optional<YamlValue> YamlValue::Element(std::size_t index) const {
  if (node_->kind != YamlNode::Kind::kList || index >= node_->children.size()) return std::nullopt;
  return YamlValue(*node_->children[index], fmt::format("{}[{}]", path_, index), *messages_);
}

// The value of the key that is the child `index`.
YamlValue YamlValue::Entry(std::size_t index) const {
  const YamlNode& key = *node_->children[index];
  const std::string shown = ShownKey(key.scalar);
  return {*node_->children[index + 1], key,
          path_.empty() ? shown : fmt::format("{}.{}", path_, shown), *messages_};
}

std::optional<YamlValue> YamlValue::Find(std::string_view key) const {
  if (!IsMapping()) return std::nullopt;
  for (std::size_t i = 0; i + 1 < node_->children.size(); i += 2) {
    if (node_->children[i]->scalar == key) return Entry(i);
  }
  return std::nullopt;
}

bool YamlValue::IsWrong() const {
  const ConfigPlace place = Place();
  return std::ranges::any_of(messages_->errors(), [&](const ConfigMessage& error) {
    return error.line == place.line && error.column == place.column;
  });
}

std::optional<std::vector<std::pair<std::string, YamlValue>>> YamlValue::Entries() const {
  if (!IsMapping()) {
    Error(fmt::format("is {}, not a mapping", KindOf(*node_)));
    return std::nullopt;
  }
  std::vector<std::pair<std::string, YamlValue>> entries;
  std::map<std::string_view, std::size_t> lines;  // of the keys so far
  for (std::size_t i = 0; i + 1 < node_->children.size(); i += 2) {
    const YamlNode& key = *node_->children[i];
    if (key.kind != YamlNode::Kind::kScalar) {
      messages_->Error(
          MessageAt(PlaceOf(key), fmt::format("a key is {}, not a string", KindOf(key))));
      continue;
    }
    YamlValue value = Entry(i);
    const auto [first, is_new] = lines.emplace(key.scalar, key.line);
    if (key.scalar == "<<") {
      value.KeyError(
          "merge keys are not supported: write the keys out, or use an alias as a value");
    } else if (!is_new) {
      value.KeyError(fmt::format("duplicate key: line {} has it already", first->second));
    } else {
      entries.emplace_back(key.scalar, std::move(value));
    }
  }
  return entries;
}

void ReadMapping(const YamlValue& value, const std::vector<YamlKey>& keys) {
  const auto entries = value.Entries();
  if (!entries) return;
  for (const auto& [name, entry] : *entries) {
    const auto key = std::ranges::find(keys, name, &YamlKey::name);
    if (key == keys.end()) {
      entry.KeyError(UnknownKey(keys, name));
    } else {
      key->read(entry);
    }
  }
  for (const YamlKey& key : keys) {
    if (!key.missing.empty() && !value.Find(key.name)) value.Error(key.missing);
  }
}

}  // namespace telnyx_exporter
