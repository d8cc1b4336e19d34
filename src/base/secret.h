#pragma once

// A text that must not be seen: an API key, a password, a proxy address with credentials. It has no
// conversion to a string and no comparison with one, prints as <secret>, and its memory is wiped
// when it goes. Only the code that hands it to the network calls reveal().

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace telnyx_exporter {

/// Overwrites `size` bytes in a way that the compiler does not leave out.
void WipeMemory(void* data, std::size_t size);

/// Wipes memory when it is given back.
template <typename T>
struct WipingAllocator : std::allocator<T> {
  void deallocate(T* memory, std::size_t count) {
    WipeMemory(memory, count * sizeof(T));
    std::allocator<T>::deallocate(memory, count);
  }
};

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  // By a swap, so that nothing of a longer text stays.
  Secret& operator=(Secret other) noexcept {
    bytes_.swap(other.bytes_);
    return *this;
  }
  ~Secret() = default;

  bool empty() const { return bytes_.empty(); }
  /// The text itself, valid while this object lives and is not assigned to.
  std::string_view reveal() const { return {bytes_.data(), bytes_.size()}; }

  /// Compares in a time that depends on the lengths only.
  friend bool operator==(const Secret& left, const Secret& right);
  friend std::ostream& operator<<(std::ostream& out, const Secret& secret);

 private:
  // Not a std::string: its small buffer would be copied about without being wiped.
  std::vector<char, WipingAllocator<char>> bytes_;
};

inline constexpr std::string_view kSecretPlaceholder = "<secret>";

/// Puts the placeholder wherever `secret` is in the text; an empty one is nowhere.
void HideSecret(std::string& text, std::string_view secret);

}  // namespace telnyx_exporter
