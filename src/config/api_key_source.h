#pragma once

// Where an account's API key comes from, and what a text must be like to be a key. A name that
// somebody may have replaced by the key itself is never shown. Pure functions and values.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "config/config_message.h"

namespace telnyx_exporter {

/// Exactly one of the three keys api_key_file, api_key_env and api_key.
struct ApiKeySource {
  enum class Kind : std::uint8_t { kFile, kEnvironment, kInline };
  Kind kind = Kind::kEnvironment;
  /// The file's path or the variable's name; empty for inline. Somebody may have pasted the key
  /// itself there: show shown_name or DescribeKeySource(), never this.
  std::string name = "TELNYX_API_KEY";
  Secret inline_key;
  /// The path with at least one slash as it is written, or the default variable; else empty.
  std::string shown_name = "TELNYX_API_KEY";
  ConfigPlace place;

  bool operator==(const ApiKeySource&) const = default;
};

/// Sets the name of a file or variable as it is written, and what of it may be shown.
void SetKeyName(ApiKeySource& source, std::string_view written);

/// How messages name the source: "api_key_file /run/key", "the environment variable
/// TELNYX_API_KEY", "api_key (line 3, column 14)". Where the name may be the key: "api_key_file
/// (line 3, column 19)".
std::string DescribeKeySource(const ApiKeySource& source);

/// What is wrong with a text as an API key, and what would be right; empty: nothing. Blanks and
/// line ends around it do not matter. It quotes nothing of the text.
std::string FindApiKeyFault(std::string_view text);

}  // namespace telnyx_exporter
