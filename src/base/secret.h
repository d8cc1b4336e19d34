#pragma once

// A text that must not be seen: an API key, a password, a proxy address with credentials. It has no
// conversion to a string and no comparison with one, prints as <secret>, and its memory is wiped
// when it goes. Only the code that hands it to the network calls reveal().

#include <iosfwd>
#include <string_view>

namespace telnyx_exporter {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);
  Secret(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  bool empty() const { return size_ == 0; }
  /// The text itself, valid while this object lives and is not assigned to.
  std::string_view reveal() const { return {text_, size_}; }

  /// Compares in a time that depends on the lengths only.
  friend bool operator==(const Secret& left, const Secret& right);
  friend std::ostream& operator<<(std::ostream& out, const Secret& secret);

 private:
  // Not a std::string: its small buffer would be copied about without being wiped.
  char* text_ = nullptr;
  std::size_t size_ = 0;
};

/// Overwrites `size` bytes in a way that the compiler does not leave out.
void WipeMemory(void* data, std::size_t size);

inline constexpr std::string_view kSecretPlaceholder = "<secret>";

}  // namespace telnyx_exporter
