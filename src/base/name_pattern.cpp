#include "base/name_pattern.h"

#include <re2/re2.h>

namespace telnyx_exporter {

Result<NamePattern> NamePattern::Compile(std::string_view expression) {
  const re2::RE2::Options quiet = [] {
    re2::RE2::Options options;
    options.set_log_errors(false);
    return options;
  }();
  auto compiled = std::make_shared<const re2::RE2>(
      re2::StringPiece(expression.data(), expression.size()), quiet);
  if (!compiled->ok()) return Fail(compiled->error());
  NamePattern pattern;
  pattern.expression_ = std::move(compiled);
  return pattern;
}

bool NamePattern::Matches(std::string_view name) const {
  return expression_ == nullptr ||
         re2::RE2::FullMatch(re2::StringPiece(name.data(), name.size()), *expression_);
}

bool NamePattern::operator==(const NamePattern& other) const {
  if (expression_ == nullptr || other.expression_ == nullptr) {
    return expression_ == other.expression_;
  }
  return expression_->pattern() == other.expression_->pattern();
}

}  // namespace telnyx_exporter
