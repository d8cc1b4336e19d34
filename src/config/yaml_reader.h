#pragma once

// Reading YAML with every mistake noted: a node that knows its path and its place in the file, and
// readers that note what is wrong and go on. Used by the loaders of configuration files; says
// nothing about what the keys mean.

#include <cstdint>
#include <expected>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/clock.h"
#include "config/load_config.h"

namespace telnyx_exporter {

/// Where the second document of a YAML text begins; nothing where there is at most one. A token
/// that belongs to nothing begins one, too. Throws YAML::Exception where the text is not YAML.
std::optional<YAML::Mark> FindSecondDocument(const std::string& yaml);

/// Collects messages; each names a place and a path.
class ConfigMessages {
 public:
  void Error(const YAML::Mark& mark, std::string path, std::string text);
  void Warn(const YAML::Mark& mark, std::string path, std::string text);

  std::vector<ConfigMessage>& errors() { return errors_; }
  std::vector<ConfigMessage>& warnings() { return warnings_; }

 private:
  std::vector<ConfigMessage> errors_;
  std::vector<ConfigMessage> warnings_;
};

/// The text of a configuration file of at most 16 MiB, or what is wrong with the file as a whole.
std::expected<std::string, ConfigMessage> ReadConfigText(const std::string& path);

/// Hands the only document of a YAML text to `read`, unless it is empty, and sorts the errors by
/// their place. A text that is not YAML or has several documents is an error. False: it is empty.
bool ReadDocument(std::string_view yaml, ConfigMessages& messages,
                  const std::function<void(const YAML::Node&)>& read);

/// A node with its path. The reading functions return nothing after noting an error.
class YamlValue {
 public:
  YamlValue(const YAML::Node& node, std::string path, ConfigMessages& messages)
      : YamlValue(node, node.Mark(), std::move(path), messages) {}
  /// The value of a key that stands at `key_mark`.
  YamlValue(const YAML::Node& node, const YAML::Mark& key_mark, std::string path,
            ConfigMessages& messages)
      : node_(node), key_mark_(key_mark), path_(std::move(path)), messages_(&messages) {}

  const std::string& path() const { return path_; }
  /// Where it stands; yaml-cpp places an empty value at whatever comes next, so that has its key's
  /// place.
  YAML::Mark mark() const { return node_.IsNull() ? key_mark_ : node_.Mark(); }
  void Error(std::string text) const { messages_->Error(mark(), path_, std::move(text)); }
  /// About the key and not its value.
  void KeyError(std::string text) const { messages_->Error(key_mark_, path_, std::move(text)); }
  void Warn(std::string text) const { messages_->Warn(mark(), path_, std::move(text)); }
  /// Its place, for messages of those who come later; without a text.
  ConfigMessage Place() const;
  /// Nothing stands behind the key.
  bool IsEmpty() const { return node_.IsNull(); }

  /// The scalar as it is written; `what` says what should be there: "a text".
  std::optional<std::string> Scalar(std::string_view what) const;
  /// A text of at most `max_bytes` bytes of UTF-8 without control characters.
  std::optional<std::string> Text(std::size_t max_bytes) const;
  std::optional<bool> Bool() const;
  std::optional<std::uint32_t> Integer(std::uint32_t least, std::uint32_t most) const;
  std::optional<double> Number(double above, double most) const;
  std::optional<double> NumberBetween(double least, double most) const;
  std::optional<Duration> DurationBetween(Duration least, Duration most) const;
  std::optional<std::uint64_t> SizeBetween(std::uint64_t least, std::uint64_t most) const;
  bool IsEmptyList() const { return node_.IsSequence() && node_.size() == 0; }
  /// The elements of a list, with their paths.
  std::optional<std::vector<YamlValue>> List() const;

  /// The entries of a mapping, duplicates noted and left out.
  std::optional<std::vector<std::pair<std::string, YamlValue>>> Entries() const;

 private:
  YAML::Node node_;
  YAML::Mark key_mark_;
  std::string path_;
  ConfigMessages* messages_;
};

/// A mapping's known keys and what reads each. Any other key is an error that names the nearest
/// one.
struct YamlKey {
  std::string_view name;
  std::function<void(const YamlValue&)> read;
};
void ReadMapping(const YamlValue& value, std::initializer_list<YamlKey> keys);

}  // namespace telnyx_exporter
