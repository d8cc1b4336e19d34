#pragma once

// The kinds of values that a configuration's keys can have. Each can read a value or note what is
// wrong with it, write one as YAML, and describe itself to people and as JSON schema. Used in the
// rows of config_keys.cpp, and to read other files; plain values without state.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "config/config.h"
#include "config/config_keys.h"

namespace telnyx_exporter {

/// Of paths, addresses and other strings that are not names.
inline constexpr std::size_t kMaxTextBytes = 4096;

struct DurationType {
  using Value = Duration;
  Duration least;
  Duration most;
  bool whole_seconds = false;

  std::optional<Duration> Read(const YamlValue& value) const;
  void Write(YAML::Emitter& out, Duration duration) const;
  std::string Text() const;
  std::string Schema() const { return R"("$ref": "#/definitions/duration")"; }
};

struct IntegerType {
  using Value = std::uint32_t;
  std::uint32_t least;
  std::uint32_t most;

  std::optional<std::uint32_t> Read(const YamlValue& value) const;
  void Write(YAML::Emitter& out, std::uint32_t number) const { out << number; }
  std::string Text() const;
  std::string Schema() const;
};

struct NumberType {
  using Value = double;
  double above;
  double most;  // the largest double: no bound

  std::optional<double> Read(const YamlValue& value) const;
  void Write(YAML::Emitter& out, double number) const;
  std::string Text() const;
  std::string Schema() const;
};

struct SizeType {
  using Value = std::uint64_t;
  std::uint64_t least;  // bytes
  std::uint64_t most;

  std::optional<std::uint64_t> Read(const YamlValue& value) const;
  void Write(YAML::Emitter& out, std::uint64_t bytes) const;
  std::string Text() const;
  std::string Schema() const { return R"("type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)$")"; }
};

struct BoolType {
  using Value = bool;
  std::string_view warning_if_true = "";

  std::optional<bool> Read(const YamlValue& value) const;
  void Write(YAML::Emitter& out, bool value) const { out << (value ? "true" : "false"); }
  std::string Text() const { return "true or false"; }
  std::string Schema() const { return R"("$ref": "#/definitions/boolean")"; }
};

/// A string of at most `max_bytes` bytes without control characters.
struct StringType {
  using Value = std::string;
  std::size_t max_bytes;
  std::string text;
  std::string schema;
  /// What is wrong with the string and what would be right; empty: nothing.
  std::function<std::string(const std::string&)> find_fault = nullptr;

  std::optional<std::string> Read(const YamlValue& value) const;
  void Write(YAML::Emitter& out, const std::string& value) const {
    out << YAML::DoubleQuoted << value;
  }
  /// Where an empty string is not allowed, it stands for a key that is not given.
  bool IsAbsent(const std::string& value) const {
    return value.empty() && find_fault && !find_fault(value).empty();
  }
  std::string Text() const { return text; }
  std::string Schema() const { return schema; }
};

StringType NameType();
StringType IdType();
StringType TextType(std::size_t max_bytes);
StringType PatternType();
/// A host name or an IP address; an empty string is none.
StringType HostType();

/// An http:// or https:// address; warns of an unencrypted one.
struct BaseUrlType {
  using Value = std::string;
  std::optional<std::string> Read(const YamlValue& value) const;
  void Write(YAML::Emitter& out, const std::string& url) const { out << YAML::DoubleQuoted << url; }
  std::string Text() const { return "http:// or https:// address"; }
  std::string Schema() const;
};

/// A proxy's address or an empty string. What is before its @ is never shown.
struct ProxyUrlType {
  using Value = Secret;
  std::optional<Secret> Read(const YamlValue& value) const;
  void Write(YAML::Emitter& out, const Secret& url) const;
  std::string Text() const { return "http://, https://, socks5:// or socks5h:// address"; }
  std::string Schema() const;
};

/// One of the three keys that say where an API key is.
struct KeySourceType {
  using Value = ApiKeySource;
  ApiKeySource::Kind kind;

  void ReadInto(const YamlValue& value, ApiKeySource& source) const;
  bool IsAbsent(const ApiKeySource& source) const { return source.kind != kind; }
  void Write(YAML::Emitter& out, const ApiKeySource& source) const;
  std::string Text() const;
  std::string Schema() const;
};

/// Label names and values.
struct LabelsType {
  using Value = std::vector<Label>;
  void ReadInto(const YamlValue& value, std::vector<Label>& labels) const;
  bool IsAbsent(const std::vector<Label>& labels) const { return labels.empty(); }
  void Write(YAML::Emitter& out, const std::vector<Label>& labels) const;
  std::string Text() const { return "mapping of at most 16 label names to values"; }
  std::string Schema() const;
};

/// A list of values of one type; `ascending`: each must be above the one before it.
template <typename Element>
struct ListType {
  using Value = std::vector<typename Element::Value>;
  Element element;
  std::size_t least;
  std::size_t most;
  bool ascending = false;

  std::optional<Value> Read(const YamlValue& value) const {
    const auto elements = value.List();
    if (!elements || !HasAllowedSize(value, elements->size())) return std::nullopt;
    Value values;
    for (const YamlValue& each : *elements) {
      auto read = element.Read(each);
      if (!read) continue;
      if (ascending && !values.empty() && *read <= values.back()) {
        each.Error("is not above the value before it: write the list in ascending order");
        continue;
      }
      values.push_back(std::move(*read));
    }
    return values;
  }
  void Write(YAML::Emitter& out, const Value& values) const {
    out << YAML::Flow << YAML::BeginSeq;
    for (const auto& each : values) element.Write(out, each);
    out << YAML::EndSeq;
  }
  std::string Text() const {
    return "list of " + std::to_string(least) + " to " + std::to_string(most) +
           (ascending ? " in ascending order; each: " : "; each: ") + element.Text();
  }
  std::string Schema() const {
    return "\"type\": \"array\", \"minItems\": " + std::to_string(least) +
           ", \"maxItems\": " + std::to_string(most) +
           (ascending ? ", \"uniqueItems\": true" : "") + ", \"items\": {" + element.Schema() + "}";
  }

  bool HasAllowedSize(const YamlValue& value, std::size_t size) const {
    if (size >= least && size <= most) return true;
    value.Error("has " + std::to_string(size) + " elements: " + std::to_string(least) + " to " +
                std::to_string(most) + " are allowed");
    return false;
  }
};

/// A mapping that is read into a T by a table of its keys.
template <typename T>
struct MappingType {
  using Value = T;
  const KeyTable<T>& (*table)();

  void ReadInto(const YamlValue& value, T& target) const { ReadKeys(table(), value, target); }
  void Write(YAML::Emitter& out, const T& value) const { WriteKeys(table(), out, value); }
  std::string Text() const { return "mapping"; }
  std::string Schema() const { return {}; }
  std::vector<KeyDescription> Keys() const { return DescribeKeys(table()); }
};

/// A list of such mappings.
template <typename T>
struct MappingListType {
  using Value = std::vector<T>;
  const KeyTable<T>& (*table)();
  std::string empty_fault;        // what is wrong with an empty list; empty: nothing
  std::string extra_schema = {};  // further members of the elements' JSON schema

  void ReadInto(const YamlValue& value, std::vector<T>& values) const {
    const auto elements = value.List();
    if (!elements) return;
    if (elements->empty() && !empty_fault.empty()) value.Error(empty_fault);
    for (const YamlValue& each : *elements) ReadKeys(table(), each, values.emplace_back());
  }
  bool IsAbsent(const std::vector<T>& values) const { return values.empty(); }
  void Write(YAML::Emitter& out, const std::vector<T>& values) const {
    out << YAML::BeginSeq;
    for (const T& value : values) WriteKeys(table(), out, value);
    out << YAML::EndSeq;
  }
  std::string Text() const { return "list of mappings"; }
  std::string Schema() const { return extra_schema; }
  std::vector<KeyDescription> Keys() const { return DescribeKeys(table()); }
};

}  // namespace telnyx_exporter
