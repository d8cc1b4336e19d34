#include "config/value_types.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "config/address.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxLabels = 16;
constexpr std::size_t kMaxLabelValueBytes = 256;
constexpr double kNoBound = std::numeric_limits<double>::max();

// Labels of the exporter's own, and those that Prometheus gives a meaning to.
constexpr auto kReservedLabels = std::to_array<std::string_view>(
    {"account", "connection_id", "connection_name", "direction", "reason", "record_type", "source",
     "le", "quantile", "code", "profile_id", "profile_name", "outbound_voice_profile_id",
     "outbound_voice_profile_name", "seconds"});

// Labels that Prometheus or the alerting rules set; Prometheus renames ours to exported_….
constexpr std::array<std::string_view, 8> kDiscouragedLabels = {
    "job", "instance", "severity", "alertname", "pod", "node", "cluster", "namespace"};

// By ApiKeySource::Kind.
constexpr std::array kKeySourceTexts = {"path", "name of an environment variable", "string"};
constexpr std::array kKeySourceSchemas = {
    R"("anyOf": [{"type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^[^\\u0000-\\u001f\\u007f]*$"}, {"type": ["number", "boolean"]}])",
    R"("type": "string", "pattern": "^([A-Za-z_][A-Za-z0-9_]*|<secret>)$")",
    R"("anyOf": [{"type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^\\s*[!#-&(-_a-~]+\\s*$"}, {"type": ["number", "boolean"]}])",
};

// Letters, digits and _, no digit first: a variable's or a label's name.
bool IsIdentifier(std::string_view text) {
  return !text.empty() && IsAlphanumericOr("_", text) && !(text[0] >= '0' && text[0] <= '9');
}

std::string FindEmptyFault(const std::string& text) {
  return text.empty() ? "is empty: write a name or remove the key" : "";
}

std::string FindIdFault(const std::string& id) {
  if (id.empty()) return "is empty: write the connection's id";
  if (IsAlphanumericOr("-_", id)) return {};
  return fmt::format("{} is not an id: only letters, digits, - and _ are allowed",
                     QuoteForMessage(id));
}

std::string FindHostFault(const std::string& host) {
  if (host.empty() || IsHost(host)) return {};
  return fmt::format("{} is not a host name or IP address: write it as in api.telnyx.com",
                     QuoteForMessage(host));
}

std::string FindPatternFault(const std::string& expression) {
  const auto pattern = NamePattern::Compile(expression);
  if (pattern) return {};
  return fmt::format("is not a regular expression in RE2's syntax: {}", pattern.error().message);
}

std::string IntegerSchema(auto least, auto most) {
  return fmt::format(
      R"("anyOf": [{{"type": "integer", "minimum": {}, "maximum": {}}}, {{"$ref": "#/definitions/quotedInteger"}}])",
      least, most);
}

bool CheckLabelName(const std::string& name, const YamlValue& value) {
  if (!IsIdentifier(name) || name.starts_with("__")) {
    value.KeyError(
        "is not a label name: use letters, digits and _, no digit first, not __ at the start");
    return false;
  }
  if (std::ranges::find(kReservedLabels, name) != kReservedLabels.end()) {
    value.KeyError("is a label of the exporter's own: choose another name");
    return false;
  }
  if (std::ranges::find(kDiscouragedLabels, name) != kDiscouragedLabels.end()) {
    value.KeyWarn("is a label that Prometheus or the alerting rules set: choose another name");
  }
  return true;
}

// ParseProxyAddress has seen to it that an @ ends the credentials and that a scheme comes first.
std::string WithoutCredentials(std::string_view url) {
  const std::size_t at = url.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  const std::size_t scheme_end = url.find("://") + 3;
  return fmt::format("{}{}{}", url.substr(0, scheme_end), kSecretPlaceholder, url.substr(at));
}

}  // namespace

std::string MissingKeyText(const KeyDescription& key) {
  std::string sentence = key.doc.substr(0, key.doc.find('.'));
  sentence.front() = ToLowerAscii(sentence.front());
  return fmt::format("{} is missing: {}", key.name, sentence);
}

std::optional<Duration> DurationType::Read(const YamlValue& value) const {
  const auto text = value.Scalar("a duration");
  if (!text) return std::nullopt;
  const auto duration = ParseDuration(*text);
  if (!duration) {
    value.Error(fmt::format("{} is not a duration: write it like 500ms, 15s or 1m30s",
                            QuoteForMessage(*text)));
    return std::nullopt;
  }
  if (*duration < least || *duration > most) {
    value.Error(fmt::format("{} is out of range: {} to {} is allowed", QuoteForMessage(*text),
                            FormatDuration(least), FormatDuration(most)));
    return std::nullopt;
  }
  if (whole_seconds && *duration % std::chrono::seconds(1) != Duration::zero()) {
    value.Error(fmt::format("{} is not a whole number of seconds", FormatDuration(*duration)));
    return std::nullopt;
  }
  return *duration;
}

void DurationType::Write(YAML::Emitter& out, Duration duration) const {
  out << FormatDuration(duration);
}

std::string DurationType::Text() const {
  return fmt::format("duration, {} to {}{}", FormatDuration(least), FormatDuration(most),
                     whole_seconds ? " in whole seconds" : "");
}

std::optional<std::uint32_t> IntegerType::Read(const YamlValue& value) const {
  const auto text = value.Scalar("an integer");
  if (!text) return std::nullopt;
  const auto number = ParseUnsigned(*text);
  if (!number || *number < least || *number > most) {
    value.Error(
        fmt::format("{} is not an integer from {} to {}", QuoteForMessage(*text), least, most));
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*number);
}

std::string IntegerType::Text() const { return fmt::format("integer, {} to {}", least, most); }

std::string IntegerType::Schema() const { return IntegerSchema(least, most); }

std::optional<double> NumberType::Read(const YamlValue& value) const {
  const auto text = value.Scalar("a number");
  if (!text) return std::nullopt;
  const auto number = ParseDouble(*text);
  // Also false for what is not a number.
  if (number && *number > above && *number <= most) return number;
  value.Error(
      fmt::format("{} is not a number above {} and up to {}", QuoteForMessage(*text), above, most));
  return std::nullopt;
}

void NumberType::Write(YAML::Emitter& out, double number) const {
  out << fmt::format("{}", number);
}

std::string NumberType::Text() const {
  if (most == kNoBound) return fmt::format("number above {}", above);
  return fmt::format("number above {}, up to {}", above, most);
}

std::string NumberType::Schema() const {
  const std::string maximum = most == kNoBound ? "" : fmt::format(R"(, "maximum": {})", most);
  return fmt::format(
      R"("anyOf": [{{"type": "number", "exclusiveMinimum": {}{}}}, {{"$ref": "#/definitions/quotedNumber"}}])",
      above, maximum);
}

std::optional<std::uint64_t> SizeType::Read(const YamlValue& value) const {
  const auto text = value.Scalar("a size");
  if (!text) return std::nullopt;
  const auto size = ParseSize(*text);
  if (!size) {
    value.Error(
        fmt::format("{} is not a size: write it like 512KiB or 4MiB", QuoteForMessage(*text)));
    return std::nullopt;
  }
  if (*size < least || *size > most) {
    value.Error(fmt::format("{} is out of range: {} to {} is allowed", QuoteForMessage(*text),
                            FormatSize(least), FormatSize(most)));
    return std::nullopt;
  }
  return *size;
}

void SizeType::Write(YAML::Emitter& out, std::uint64_t bytes) const { out << FormatSize(bytes); }

std::string SizeType::Text() const {
  return fmt::format("size, {} to {}", FormatSize(least), FormatSize(most));
}

std::optional<bool> BoolType::Read(const YamlValue& value) const {
  const auto text = value.Scalar("true or false");
  if (!text) return std::nullopt;
  if (*text != "true" && *text != "false") {
    value.Error(fmt::format("{} is not true or false", QuoteForMessage(*text)));
    return std::nullopt;
  }
  if (*text == "true" && !warning_if_true.empty()) value.Warn(std::string(warning_if_true));
  return *text == "true";
}

std::optional<std::string> StringType::Read(const YamlValue& value) const {
  auto read = value.Text(max_bytes);
  if (!read || !find_fault) return read;
  std::string fault = find_fault(*read);
  if (fault.empty()) return read;
  value.Error(std::move(fault));
  return std::nullopt;
}

StringType NameType() {
  return {kMaxNameBytes, "name of 1 to 128 bytes", R"("$ref": "#/definitions/name")",
          FindEmptyFault};
}

StringType IdType() {
  return {kMaxNameBytes, "letters, digits, - and _, at most 128", R"("$ref": "#/definitions/id")",
          FindIdFault};
}

StringType TextType(std::size_t max_bytes) {
  return {
      max_bytes, fmt::format("string of at most {} bytes", max_bytes),
      fmt::format(
          R"("anyOf": [{{"type": "string", "maxLength": {}, "pattern": "^[^\\u0000-\\u001f\\u007f]*$"}}, {{"type": ["number", "boolean"]}}])",
          max_bytes)};
}

StringType PatternType() {
  StringType type = TextType(kMaxTextBytes);
  type.text = "regular expression of at most 4096 bytes";
  type.find_fault = FindPatternFault;
  return type;
}

StringType HostType() {
  return {
      253, "host name or IP address",
      R"("anyOf": [{"type": "string", "maxLength": 253, "pattern": "^(|([A-Za-z0-9_-]{1,63}\\.)*[A-Za-z0-9_-]{1,63}\\.?|\\[?[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\\]?)$"}, {"type": ["number", "boolean"]}])",
      FindHostFault};
}

std::optional<std::string> BaseUrlType::Read(const YamlValue& value) const {
  const auto text = value.Text(kMaxTextBytes);
  if (!text) return std::nullopt;
  const auto address = ParseHttpAddress(*text);
  if (!address) {
    value.Error(address.error().message);
    return std::nullopt;
  }
  if (!address->encrypted && !address->loopback) {
    value.Warn("http:// sends the API key over the network unencrypted: use https://");
  }
  return address->url;
}

std::string BaseUrlType::Schema() const {
  return R"schema("type": "string", "maxLength": 4096, "pattern": "^https?://(\\[[^\\]/?#@\\s]+\\]|[^:/?#@\\[\\s]+)(:0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(/[!-\"$->@-~]*)?$")schema";
}

std::optional<Secret> ProxyUrlType::Read(const YamlValue& value) const {
  // It may hold a password: nothing of it may be in a message.
  const auto text = value.Scalar("a string");
  if (!text) return std::nullopt;
  if (text->size() > kMaxTextBytes || (!text->empty() && !IsProxyAddress(*text))) {
    value.Error(
        "is not a proxy's address: write http://HOST:PORT, https://, socks5:// or socks5h://");
    return std::nullopt;
  }
  return Secret(*text);
}

void ProxyUrlType::Write(YAML::Emitter& out, const Secret& url) const {
  out << YAML::DoubleQuoted << WithoutCredentials(url.reveal());
}

std::string ProxyUrlType::Schema() const {
  return R"schema("type": "string", "maxLength": 4096, "pattern": "^$|^(https?|socks5h?)://([^/?#\\s@]*@)?(\\[[^\\]/?#@\\s]+\\]|[^:/?#@\\[\\s]+)(:0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?/?$")schema";
}

void KeySourceType::ReadInto(const YamlValue& value, ApiKeySource& source) const {
  // The value may be the key itself: nothing of it may be in a message.
  if (source.place.line != 0) {
    return value.Error("only one of api_key_file, api_key_env and api_key is allowed");
  }
  const auto text = value.Scalar("a string");
  source.place = value.Place();
  if (!text) return;
  if (text->empty()) return value.Error("is empty: write a value or remove the key");
  source.kind = kind;
  SetKeyName(source, *text);
  switch (kind) {
    case ApiKeySource::Kind::kInline:
      source.name.clear();
      source.shown_name.clear();
      source.inline_key = Secret(*text);
      if (std::string fault = FindApiKeyFault(*text); !fault.empty()) {
        return value.Error(std::move(fault));
      }
      return value.Warn(
          "the key is in the configuration file, readable by everyone who can read it: use "
          "api_key_file or api_key_env");
    case ApiKeySource::Kind::kFile:
      if (!IsShowableText(*text, kMaxTextBytes)) {
        value.Error("is not a path: it has a control character or more than 4096 bytes");
      }
      return;
    case ApiKeySource::Kind::kEnvironment:
      // FormatConfig puts the placeholder in the place of a name.
      if (!IsIdentifier(*text) && *text != kSecretPlaceholder) {
        value.Error(
            "is not the name of an environment variable: use letters, digits and _, no digit "
            "first");
      }
      return;
  }
}

void KeySourceType::Write(YAML::Emitter& out, const ApiKeySource& source) const {
  const bool is_shown = !source.shown_name.empty();
  const std::string_view shown =
      !is_shown
          ? kSecretPlaceholder
          : std::string_view(kind == ApiKeySource::Kind::kFile ? source.name : source.shown_name);
  out << YAML::DoubleQuoted << std::string(shown);
}

std::string KeySourceType::Text() const { return kKeySourceTexts[static_cast<std::size_t>(kind)]; }

std::string KeySourceType::Schema() const {
  return kKeySourceSchemas[static_cast<std::size_t>(kind)];
}

void LabelsType::ReadInto(const YamlValue& value, std::vector<Label>& labels) const {
  const auto entries = value.Entries();
  if (!entries) return;
  if (entries->size() > kMaxLabels) {
    value.Error(fmt::format("has {} labels: at most {} are allowed", entries->size(), kMaxLabels));
  }
  for (const auto& [name, entry] : *entries) {
    if (!CheckLabelName(name, entry)) continue;
    if (auto text = entry.Text(kMaxLabelValueBytes)) labels.emplace_back(name, std::move(*text));
  }
  std::ranges::sort(labels);
}

void LabelsType::Write(YAML::Emitter& out, const std::vector<Label>& labels) const {
  out << YAML::BeginMap;
  for (const auto& [name, value] : labels) {
    out << YAML::Key << YAML::DoubleQuoted << name << YAML::Value << YAML::DoubleQuoted << value;
  }
  out << YAML::EndMap;
}

std::string LabelsType::Schema() const {
  std::vector<std::string> reserved;
  reserved.reserve(kReservedLabels.size());
  for (const std::string_view name : kReservedLabels)
    reserved.push_back(fmt::format("\"{}\"", name));
  return fmt::format(
      R"("type": "object", "maxProperties": {}, "propertyNames": {{"pattern": "^(?!__)[A-Za-z_][A-Za-z0-9_]*$", "not": {{"enum": [{}]}}}}, "additionalProperties": {{{}}})",
      kMaxLabels, fmt::join(reserved, ", "), TextType(kMaxLabelValueBytes).Schema());
}

}  // namespace telnyx_exporter
