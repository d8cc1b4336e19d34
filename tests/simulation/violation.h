#pragma once

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter::simulation {

/// A promise of the exporter did not hold. Ends the simulation of its seed.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename... Args>
[[noreturn]] void Violate(fmt::format_string<Args...> text, Args&&... args) {
  throw Violation(fmt::format(text, std::forward<Args>(args)...));
}

template <typename... Args>
void Require(bool holds, fmt::format_string<Args...> text, Args&&... args) {
  if (!holds) [[unlikely]] {
    Violate(text, std::forward<Args>(args)...);
  }
}

}  // namespace telnyx_exporter::simulation
