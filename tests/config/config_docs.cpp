#include "config/config_docs.h"

#include <charconv>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "config/config_keys.h"

namespace telnyx_exporter {
namespace {

constexpr std::string_view kReferenceHead = R"(# Configuration file

Every key of the file that `--config.file` names. This page is made from the table that the exporter reads the file with
(`src/config/config_keys.cpp`); `UPDATE_GOLDEN=1` rewrites it. [`config/telnyx_exporter.yml`](../config/telnyx_exporter.yml) is an
example with every key, [`config/many_accounts.yml`](../config/many_accounts.yml) one with several accounts, and
[`config/telnyx_exporter.schema.json`](../config/telnyx_exporter.schema.json) a JSON schema for editors.

- The file is one YAML document in UTF-8 of at most 16 MiB. Aliases work within bounds, merge keys (`<<`) do not. JSON works, up to about
  10,000 connections.
- Durations are written as in Prometheus (`1m30s`, `500ms`), sizes like `512KiB` or `4MiB`.
- Relative paths are relative to the configuration file's directory.
- A file that is world-writable or group-writable gets a warning: who may write it decides where the API keys are sent. So does one
  that is world-readable with a key or a proxy's password in it.
- Unknown and duplicate keys, wrong types and values out of range are errors. `telnyx_exporter --config.check` prints each as
  `FILE:LINE:COLUMN: PATH: what is wrong` and opens the key and CA files too; `--config.check=syntax` opens no other file.
- The labels `job`, `instance`, `severity`, `alertname`, `pod`, `node`, `cluster` and `namespace` are accepted with a warning:
  Prometheus or the alerting rules set them. The exporter's own label names are errors.
- A name in `api_key_env`, or in `api_key_file` without a slash, is never shown, because it may be the key itself. Write `./key` to
  see a file's name in messages.
- Editors with a YAML language server complete, explain and check the file where it has the line
  `# yaml-language-server: $schema=telnyx_exporter.schema.json`. `--config.check` has the last word: a schema compares no two values and
  knows no ranges of durations.

## The top level
)";

constexpr std::string_view kSchemaHead = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Configuration of telnyx_exporter",
  "description": "For editors: completion, explanation and mistakes while typing. telnyx_exporter --config.check has the last word: it also sees what a schema cannot, like two connections with the same id.",
  "definitions": {
    "duration": {
      "type": "string",
      "pattern": "^(?=.)([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
      "examples": ["500ms", "15s", "1m30s"]
    },
    "quotedInteger": {"type": "string", "pattern": "^0*[1-9][0-9]*$"},
    "quotedNumber": {"type": "string", "pattern": "^(?=.*[1-9])([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?$"},
    "boolean": {"enum": [true, false, "true", "false"]},
    "id": {
      "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z0-9_-]*$"},
        {"type": "integer", "exclusiveMinimum": -1e127, "exclusiveMaximum": 1e128},
        {"type": "boolean"}
      ]
    },
    "name": {
      "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[^\\u0000-\\u001f\\u007f]*$"},
        {"type": "number", "exclusiveMinimum": -1e127, "exclusiveMaximum": 1e128},
        {"type": "boolean"}
      ]
    }
  },
)";

std::string PathOf(const std::string& parent, const KeyDescription& key) {
  return fmt::format("{}{}{}{}", parent, parent.empty() ? "" : ".", key.name,
                     key.is_list ? "[]" : "");
}

std::string DefaultText(const KeyDescription& key) {
  if (key.required) return "required";
  if (!key.default_words.empty()) return key.default_words;
  return key.default_value.empty() ? "" : fmt::format("`{}`", key.default_value);
}

void AppendSection(std::string& out, const std::string& path, std::string_view doc,
                   const std::vector<KeyDescription>& keys) {
  if (!path.empty()) out += fmt::format("\n## `{}`\n{}\n", path, doc);
  out += "\n| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const KeyDescription& key : keys) {
    const std::string example =
        key.example.empty() ? "" : fmt::format(" Example: `{}`.", key.example);
    out += fmt::format("| `{}` | {} | {} | {}{} |\n", key.name, key.type, DefaultText(key), key.doc,
                       example);
  }
  for (const KeyDescription& key : keys) {
    if (!key.keys.empty()) AppendSection(out, PathOf(path, key), key.doc, key.keys);
  }
}

bool IsNumber(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::string JsonString(std::string_view text) {
  std::string json;
  AppendJsonString(json, text);
  return json;
}

// A YAML value in flow style, as the table has them, as JSON.
std::string ToJson(std::string_view yaml) {
  if (!yaml.starts_with('[')) {
    const bool is_json =
        yaml.starts_with('"') || yaml == "true" || yaml == "false" || IsNumber(yaml);
    return is_json ? std::string(yaml) : JsonString(yaml);
  }
  std::string json = "[";
  std::string_view rest = yaml.substr(1, yaml.size() - 2);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    if (json.size() > 1) json += ", ";
    json += ToJson(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 2);
  }
  return json + "]";
}

std::string Indented(std::string_view text, const std::string& indent) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += indent;
  }
  return out;
}

void AppendObject(std::string& out, const std::vector<KeyDescription>& keys, std::string_view extra,
                  const std::string& indent);

void AppendProperty(std::string& out, const KeyDescription& key, const std::string& indent) {
  const std::string inner = indent + "  ";
  const std::string limits = key.keys.empty() ? fmt::format(" Value: {}.", key.type) : "";
  out += fmt::format("{}\"{}\": {{\n{}\"description\": {}", indent, key.name, inner,
                     JsonString(key.doc + limits));
  if (!key.default_value.empty()) {
    out += fmt::format(",\n{}\"default\": {}", inner, ToJson(key.default_value));
  }
  if (!key.example.empty() && !key.example.starts_with('{')) {
    out += fmt::format(",\n{}\"examples\": [{}]", inner, ToJson(key.example));
  }
  if (key.keys.empty()) {
    out += fmt::format(",\n{}{}", inner, key.schema);
  } else if (key.is_list) {
    out += fmt::format(",\n{}\"type\": \"array\"{},\n{}\"items\": {{\n", inner,
                       key.may_be_empty ? "" : ", \"minItems\": 1", inner);
    AppendObject(out, key.keys, key.schema, inner + "  ");
    out += fmt::format("\n{}}}", inner);
  } else {
    out += ",\n";
    AppendObject(out, key.keys, key.schema, inner);
  }
  out += fmt::format("\n{}}}", indent);
}

// The members of the schema of a mapping.
void AppendObject(std::string& out, const std::vector<KeyDescription>& keys, std::string_view extra,
                  const std::string& indent) {
  std::vector<std::string> required;
  for (const KeyDescription& key : keys) {
    if (key.required) required.push_back(JsonString(key.name));
  }
  out += fmt::format("{}\"type\": \"object\",\n", indent);
  if (!required.empty()) {
    out += fmt::format("{}\"required\": [{}],\n", indent, fmt::join(required, ", "));
  }
  out += fmt::format("{}\"additionalProperties\": false,\n{}\"properties\": {{\n", indent, indent);
  for (const KeyDescription& key : keys) {
    if (&key != keys.data()) out += ",\n";
    AppendProperty(out, key, indent + "  ");
  }
  out += fmt::format("\n{}}}", indent);
  if (!extra.empty()) out += fmt::format(",\n{}{}", indent, Indented(extra, indent));
}

}  // namespace

std::string FormatConfigReference() {
  std::string out(kReferenceHead);
  AppendSection(out, "", "", DescribeKeys(ConfigKeys()));
  return out;
}

std::string FormatConfigSchema() {
  std::string out(kSchemaHead);
  AppendObject(out, DescribeKeys(ConfigKeys()), "", "  ");
  return out + "\n}\n";
}

}  // namespace telnyx_exporter
