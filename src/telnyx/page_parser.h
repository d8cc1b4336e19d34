#pragma once

// The bytes of one active-calls page to its rows and its paging information. A poll feeds it every
// page of a walk, on the polling thread; the parser keeps its buffers, so that a row costs no
// allocation.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "telnyx/active_call.h"

namespace telnyx_exporter {

/// A leg cannot last longer; a larger number is taken for a fault of the answer.
inline constexpr std::uint32_t kMaxCallDurationSeconds = 365 * 24 * 3600;

/// Longer cursors are refused: they would not fit into a request.
inline constexpr std::size_t kMaxCursorBytes = 4096;

/// What a page says about the walk that it is part of.
struct PageInfo {
  std::size_t rows = 0;
  std::string after;  // the cursor of the next page; empty: the page names none
  // The page-number form of the endpoint; absent in the cursor form.
  std::optional<std::uint64_t> page_number;
  std::optional<std::uint64_t> page_size;
  std::optional<std::uint64_t> total_pages;
  /// The server's own count of active calls.
  std::optional<std::uint64_t> total_items;

  bool operator==(const PageInfo&) const = default;
};

class PageParser {
 public:
  PageParser();
  ~PageParser();
  PageParser(PageParser&&) noexcept;
  PageParser& operator=(PageParser&&) noexcept;

  /// Appends the page's rows to `calls`. `body` must be followed by kBodyPadding readable bytes. On
  /// failure `calls` is as it was, and the error says where: `data[3].call_duration is missing`.
  /// The error never holds an id or any other text of the page.
  Result<PageInfo> Parse(std::string_view body, std::vector<ActiveCall>& calls);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

/// The cursor in an address such as `/v2/connections/1/active_calls?page[after]=v1:abc=`, brackets
/// raw or percent-encoded; empty when there is none. Only the cursor is ever used of such an
/// address.
std::string CursorOfNextAddress(std::string_view address);

}  // namespace telnyx_exporter
