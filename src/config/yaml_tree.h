#pragma once

// YAML text to a tree of plain nodes, within bounds: one UTF-8 document, so many values, so deep.
// Written on top of yaml-cpp's event parser, so that a file that expands without end is refused
// while it is read. Used by yaml_reader.h only.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_message.h"

namespace telnyx_exporter {

/// Bounds of a YAML document.
struct YamlLimits {
  std::size_t max_values = 1'000'000;        // aliases expanded
  std::size_t max_aliased_values = 100'000;  // that come from aliases
  std::size_t max_depth = 64;
  /// Brackets, commas, colons, quotes and the like that the parser may keep in memory, up to 230
  /// bytes for each: it keeps all of a document in brackets, as JSON is, until the last one. JSON
  /// with 10,000 connections and five keys each has about 400,000.
  std::size_t max_flow_marks = 500'000;
};

struct YamlNode {
  enum class Kind : std::uint8_t { kEmpty, kScalar, kList, kMapping };
  Kind kind = Kind::kEmpty;
  std::size_t line = 0;    // from 1; 0: not known
  std::size_t column = 0;  // from 1, in bytes
  std::string scalar;      // as it is written, without quotes
  /// Of a list its elements; of a mapping key, value, key, value and so on.
  std::vector<std::shared_ptr<const YamlNode>> children;
  std::size_t values = 1;  // in it and itself, aliases expanded
};

/// The root of the only document of the text; null when the text is empty. The error says what is
/// wrong with the text as YAML; it quotes nothing of the text.
std::expected<std::shared_ptr<const YamlNode>, ConfigMessage> ParseYaml(
    std::string_view text, const YamlLimits& limits = {});

}  // namespace telnyx_exporter
