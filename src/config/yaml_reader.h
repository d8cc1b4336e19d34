#pragma once

// Reading YAML with every mistake noted: a value that knows its path and its place in the file, and
// readers that note what is wrong and go on. Used by the readers of configuration and scenario
// files; it knows nothing about what the keys mean. Any thread may use it.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "config/config_message.h"
#include "config/yaml_tree.h"

namespace telnyx_exporter {

/// Collects messages; each names a place and a path. It keeps the first 10,000 of each kind.
class ConfigMessages {
 public:
  void Error(ConfigMessage message) { Add(errors_, std::move(message)); }
  void Warn(ConfigMessage message) { Add(warnings_, std::move(message)); }

  std::vector<ConfigMessage>& errors() { return errors_; }
  std::vector<ConfigMessage>& warnings() { return warnings_; }

 private:
  static void Add(std::vector<ConfigMessage>& messages, ConfigMessage message);

  std::vector<ConfigMessage> errors_;
  std::vector<ConfigMessage> warnings_;
};

inline constexpr std::size_t kMaxConfigFileBytes = std::size_t{16} << 20U;

/// The text of a configuration file of at most 16 MiB, or what is wrong with the file as a whole.
std::expected<std::string, ConfigMessage> ReadConfigText(const std::string& path);

/// Hands the only document of a YAML text to `read`, unless it is empty; then sorts and bounds the
/// messages. A text that is not YAML or has several documents is an error. False: it is empty.
bool ReadDocument(std::string_view yaml, ConfigMessages& messages,
                  const std::function<void(const YamlNode&)>& read);

/// A node with its path. The reading functions return nothing after noting an error.
class YamlValue {
 public:
  /// `node` and `messages` must outlive it.
  YamlValue(const YamlNode& node, std::string path, ConfigMessages& messages)
      : YamlValue(node, node, std::move(path), messages) {}
  /// The value of the key `key`.
  YamlValue(const YamlNode& node, const YamlNode& key, std::string path, ConfigMessages& messages)
      : node_(&node), key_(&key), path_(std::move(path)), messages_(&messages) {}

  const std::string& path() const { return path_; }
  /// Its position. An empty value has its key's.
  ConfigPlace Place() const;
  void Error(std::string text) const { messages_->Error(MessageAt(Place(), std::move(text))); }
  /// About the key and not its value.
  void KeyError(std::string text) const;
  void Warn(std::string text) const { messages_->Warn(MessageAt(Place(), std::move(text))); }
  void KeyWarn(std::string text) const;
  /// There is nothing after the key.
  bool IsEmpty() const { return node_->kind == YamlNode::Kind::kEmpty; }
  bool IsMapping() const { return node_->kind == YamlNode::Kind::kMapping; }
  bool IsEmptyMapping() const { return IsMapping() && node_->children.empty(); }
  /// An error has been noted about it.
  bool IsWrong() const;
  /// A single value that is written so.
  bool Is(std::string_view scalar) const {
    return node_->kind == YamlNode::Kind::kScalar && node_->scalar == scalar;
  }

  /// The scalar as it is written; `what` says what should be there: "a string".
  std::optional<std::string> Scalar(std::string_view what) const;
  /// A string of at most `max_bytes` bytes of UTF-8 without control characters.
  std::optional<std::string> Text(std::size_t max_bytes) const;
  bool IsEmptyList() const {
    return node_->kind == YamlNode::Kind::kList && node_->children.empty();
  }
  /// The elements of a list, with their paths.
  std::optional<std::vector<YamlValue>> List() const;

  /// The value of a mapping's key, or an element of a list; nothing where there is none. Notes no
  /// error.
  std::optional<YamlValue> Find(std::string_view key) const;
  std::optional<YamlValue> Element(std::size_t index) const;

  /// The entries of a mapping, duplicates and merge keys noted and left out.
  std::optional<std::vector<std::pair<std::string, YamlValue>>> Entries() const;

 private:
  ConfigPlace PlaceOf(const YamlNode& node) const;
  YamlValue Entry(std::size_t index) const;

  const YamlNode* node_;
  const YamlNode* key_;
  std::string path_;
  ConfigMessages* messages_;
};

/// Puts text into quotes, bounded and without control characters.
std::string QuoteForMessage(std::string_view text, std::size_t max_bytes = 60);

/// Whether the text has at most `max_bytes` bytes of UTF-8 without control characters.
bool IsShowableText(std::string_view text, std::size_t max_bytes);

/// Reads one value or notes what is wrong with it.
using YamlRead = std::function<void(const YamlValue&)>;

/// One of a mapping's keys.
struct YamlKey {
  std::string name;
  YamlRead read;
  std::string missing = {};  // what is wrong with a mapping that lacks it; empty: it may
};

/// Reads a mapping with these keys. Any other key is an error that names the nearest one.
void ReadMapping(const YamlValue& value, const std::vector<YamlKey>& keys);

/// Puts what `read(value)`, or `read.Read(value)` of one of value_types.h, returns, if anything,
/// into `target`.
template <typename T, typename ReadValue>
YamlRead Into(T& target, ReadValue read) {
  return [&target, read = std::move(read)](const YamlValue& value) {
    const auto result = [&] {
      if constexpr (requires { read.Read(value); }) {
        return read.Read(value);
      } else {
        return read(value);
      }
    };
    // NOLINTNEXTLINE(bugprone-optional-value-conversion): some targets are optional
    if (auto found = result()) target = std::move(*found);
  };
}

/// What `read(element)` returns, if anything, of each element of a list.
template <typename ReadElement>
auto ReadList(const YamlValue& value, ReadElement read) {
  using Element = typename std::invoke_result_t<ReadElement, const YamlValue&>::value_type;
  const auto elements = value.List();
  std::optional<std::vector<Element>> list;
  if (!elements) return list;
  list.emplace();
  for (const YamlValue& element : *elements) {
    if (auto result = read(element)) list->push_back(std::move(*result));
  }
  return list;
}

}  // namespace telnyx_exporter
