#pragma once

// The walk through all pages of one connection's active calls, without I/O: it says which request
// is next and is told what the page said. A poll owns one for as long as it lasts.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <unordered_set>

#include "telnyx/failure.h"
#include "telnyx/page_parser.h"

namespace telnyx_exporter {

struct PageWalkLimits {
  std::uint32_t page_limit = 250;  // rows asked for
  std::uint32_t max_pages = 4000;
};

class PageWalk {
 public:
  /// `connection_id` may be any text: it is percent-encoded.
  PageWalk(std::string_view connection_id, PageWalkLimits limits);

  /// The path and query of the next request, to be put behind the API's base address. The same
  /// until Advance, so a failed request is repeated, not the walk.
  const std::string& next_target() const { return next_target_; }

  enum class Step { kNextPage, kEnd };

  /// Takes in the page that next_target() brought. Fails with `cursor_loop` when the server leads
  /// back to a page already read, with `too_many_pages` past max_pages and with
  /// `malformed_response` when the page contradicts the request; the walk is over then.
  std::expected<Step, PollFailure> Advance(const PageInfo& page);

  std::uint32_t pages() const { return pages_; }

 private:
  std::expected<Step, PollFailure> AdvanceToCursor(const std::string& cursor);
  std::expected<Step, PollFailure> AdvanceToNumber(const PageInfo& page);

  const PageWalkLimits limits_;
  const std::string path_;
  std::string next_target_;
  std::uint32_t pages_ = 0;
  std::uint64_t next_page_number_ = 1;
  std::uint64_t page_size_ = 0;  // of the page-number form; 0 until its first page
  std::unordered_set<std::string> seen_cursors_;
};

}  // namespace telnyx_exporter
