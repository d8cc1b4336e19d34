#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/input.h"

namespace telnyx_exporter {

/// Longer inputs are passed over.
inline constexpr std::size_t kMaxGuardedBytes = std::size_t{1} << 20U;

/// A body as the transport hands it out, with its padding, directly before memory that cannot be
/// read. Unlike the address sanitizer this also stops libraries that are not built with it.
/// One at a time may live.
class GuardedBody {
 public:
  static constexpr std::size_t kPadding = 64;

  GuardedBody(std::string_view text, char padding) : size_(text.size()) {
    begin_ = PagesEnd() - kPadding - size_;
    std::memcpy(begin_, text.data(), size_);
    std::memset(begin_ + size_, padding, kPadding);
  }
  GuardedBody(const GuardedBody&) = delete;
  GuardedBody& operator=(const GuardedBody&) = delete;

  std::string_view view() const { return {begin_, size_}; }

 private:
  static char* PagesEnd() {
    static char* const end = [] {
      const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
      const std::size_t bytes = kMaxGuardedBytes + page;
      void* const pages =
          mmap(nullptr, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      Require(pages != MAP_FAILED, "there is memory");
      char* const guard = static_cast<char*>(pages) + bytes;
      Require(mprotect(guard, page, PROT_NONE) == 0, "memory can be guarded");
      return guard;
    }();
    return end;
  }

  char* begin_;
  std::size_t size_;
};

}  // namespace telnyx_exporter
