#pragma once

// What the command lines of both programs check alike. For their sources alone, since it shows
// CLI11.

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter {

/// A decimal integer. CLI11 alone reads 010 as 8, takes 0x10, and turns -1 into a large number.
inline CLI::Validator IntegerBetween(std::uint64_t lowest, std::uint64_t highest) {
  return {[=](std::string& text) -> std::string {
            const auto number = ParseUnsigned(text);
            if (!number || *number < lowest || *number > highest) {
              return fmt::format("\"{}\" is not an integer from {} to {}", text, lowest, highest);
            }
            text = std::to_string(*number);
            return {};
          },
          fmt::format("UINT in [{} - {}]", lowest, highest)};
}

}  // namespace telnyx_exporter
