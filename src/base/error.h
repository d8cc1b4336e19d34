#pragma once

// Expected failures are values: a function that can fail returns Result<T>, and its Error is one
// sentence for a person that says what, where and the value at fault.

#include <expected>
#include <string>
#include <utility>

namespace telnyx_exporter {

struct Error {
  std::string message;

  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> Fail(std::string message) {
  return std::unexpected<Error>(Error{std::move(message)});
}

}  // namespace telnyx_exporter
