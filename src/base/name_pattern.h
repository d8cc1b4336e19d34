#pragma once

// A regular expression in RE2's syntax that has to match a whole name, as in Prometheus. Takes a
// time that grows with the name alone, whatever the expression.

#include <memory>
#include <string_view>

#include "base/error.h"

namespace re2 {
class RE2;
}

namespace telnyx_exporter {

class NamePattern {
 public:
  /// Matches every name.
  NamePattern() = default;

  /// The error says what is wrong with the expression, in RE2's words.
  static Result<NamePattern> Compile(std::string_view expression);

  bool Matches(std::string_view name) const;

  /// Made from the same expression.
  bool operator==(const NamePattern& other) const;

 private:
  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace telnyx_exporter
