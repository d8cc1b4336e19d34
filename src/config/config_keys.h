#pragma once

// Every key of the configuration file, each described once: adding a key is a member in config.h
// and a row in config_keys.cpp. A row says of one key its name, its member, its values and what it
// means; reading a file and writing a configuration for /config come from the rows, and so do the
// JSON schema and docs/configuration.md (tests/config/config_docs.h). Everything here is a value
// and has no state.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <yaml-cpp/emitter.h>

#include "config/config.h"
#include "config/yaml_reader.h"

namespace telnyx_exporter {

/// What people and editors are told about a key.
struct KeyDescription {
  std::string name;
  std::string doc;            // sentences
  std::string type;           // "duration, 1s to 1d"
  std::string schema;         // members of a JSON object: "\"type\": \"string\""
  std::string default_value;  // as YAML; empty: there is none
  std::string default_words;  // said instead where the default is not a value: "the id"
  std::string example;        // as YAML; empty: none
  bool required = false;
  std::vector<KeyDescription> keys;  // of a mapping, or of each element of a list of mappings
  bool is_list = false;              // of mappings
  bool may_be_empty = true;          // such a list
};

/// The parts of a row that most rows leave out.
struct KeyOptions {
  std::string_view default_words = "";
  std::string_view example = "";
  bool required = false;
};

/// What is wrong with a mapping that lacks the key: "id is missing: the connection's id".
std::string MissingKeyText(const KeyDescription& key);

/// A row: a key of a mapping that is read into a T.
template <typename T>
struct Key {
  KeyDescription description;
  std::function<void(const YamlValue&, T&)> read;
  /// Writes the value; false: there is none, and nothing was written.
  std::function<bool(YAML::Emitter&, const std::string& name, const T&)> write;
};

template <typename T>
using KeyTable = std::vector<Key<T>>;

inline void WriteKeyName(YAML::Emitter& out, const std::string& name) {
  out << YAML::Key << name << YAML::Value;
}

template <typename T>
void ReadKeys(const KeyTable<T>& table, const YamlValue& value, T& target) {
  std::vector<YamlKey> keys;
  keys.reserve(table.size());
  for (const Key<T>& key : table) {
    keys.push_back({key.description.name,
                    [&key, &target](const YamlValue& v) { key.read(v, target); },
                    key.description.required ? MissingKeyText(key.description) : ""});
  }
  ReadMapping(value, keys);
}

template <typename T>
void WriteKeys(const KeyTable<T>& table, YAML::Emitter& out, const T& source) {
  out << YAML::BeginMap;
  for (const Key<T>& key : table) key.write(out, key.description.name, source);
  out << YAML::EndMap;
}

template <typename T>
std::vector<KeyDescription> DescribeKeys(const KeyTable<T>& table) {
  std::vector<KeyDescription> keys;
  keys.reserve(table.size());
  for (const Key<T>& key : table) keys.push_back(key.description);
  return keys;
}

/// A row of a value that `Type` can read, write and describe. What the mapping has by default is
/// the default that people are told.
template <typename T, typename Member, typename Type>
Key<T> Row(std::string_view name, Member T::* member, const Type& type, std::string_view doc,
           const KeyOptions& options = {}) {
  constexpr bool kIsOptional = std::is_same_v<Member, std::optional<typename Type::Value>>;
  Key<T> key;
  key.description = {.name = std::string(name),
                     .doc = std::string(doc),
                     .type = type.Text(),
                     .schema = type.Schema(),
                     .default_value = {},
                     .default_words = std::string(options.default_words),
                     .example = std::string(options.example),
                     .required = options.required};
  if constexpr (requires { type.Keys(); }) key.description.keys = type.Keys();
  if constexpr (requires { type.empty_fault; }) {
    key.description.is_list = true;
    key.description.may_be_empty = type.empty_fault.empty();
  }
  key.read = [member, type](const YamlValue& value, T& target) {
    if constexpr (requires { type.ReadInto(value, target.*member); }) {
      type.ReadInto(value, target.*member);
    } else if (auto read = type.Read(value)) {
      // NOLINTNEXTLINE(bugprone-optional-value-conversion): of some rows the member is optional
      target.*member = std::move(*read);
    }
  };
  key.write = [member, type](YAML::Emitter& out, const std::string& key_name, const T& source) {
    if constexpr (kIsOptional) {
      if (!(source.*member)) return false;
      WriteKeyName(out, key_name);
      type.Write(out, *(source.*member));
    } else {
      if constexpr (requires { type.IsAbsent(source.*member); }) {
        if (type.IsAbsent(source.*member)) return false;
      }
      WriteKeyName(out, key_name);
      type.Write(out, source.*member);
    }
    return true;
  };
  if constexpr (!kIsOptional) {
    if (options.default_words.empty() && !options.required && key.description.keys.empty()) {
      YAML::Emitter out;
      out << YAML::Flow;
      type.Write(out, T{}.*member);
      key.description.default_value = out.c_str();
    }
  }
  return key;
}

/// The keys of the whole file.
const KeyTable<Config>& ConfigKeys();

/// The configuration as the YAML that it could have been loaded from: every key with its value in
/// force, whether it was given or is a default; only secrets are put as <secret>. Of a proxy's
/// address the secret is what is before the @. Such a text loads again.
std::string FormatConfig(const Config& config);

}  // namespace telnyx_exporter
