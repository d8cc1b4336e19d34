#pragma once

// The walk through all pages of one list of the API, without I/O: of a connection's active calls,
// or of one of an account's lists. It says which request is next and is told what the page said. A
// poll and a list refresh own one each, on the polling thread.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "telnyx/active_call.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// Longer cursors are refused: they would not fit into a request.
inline constexpr std::size_t kMaxCursorBytes = 4096;

/// What a page says about the walk that it is part of; absent where it says nothing.
struct PageInfo {
  std::size_t rows = 0;
  std::optional<CallId> first_row;  // the id of the first row, of any text
  std::string after;                // the cursor of the next page; empty: the page names none
  // The page-number form; absent in the cursor form.
  std::optional<std::uint64_t> page_number;
  std::optional<std::uint64_t> page_size;
  std::optional<std::uint64_t> total_pages;
  std::optional<std::uint64_t> total_items;  // the server's own count of all rows
  std::uint64_t ignored_fields = 0;          // optional ones that could not be read

  bool operator==(const PageInfo&) const = default;
};

struct PageWalkLimits {
  std::uint32_t page_limit = 250;  // rows asked for
  std::uint32_t max_pages = 4000;

  bool operator==(const PageWalkLimits&) const = default;
};

/// Of an account's lists: 100,000 rows.
inline constexpr PageWalkLimits kListLimits{.page_limit = 250, .max_pages = 400};

class PageWalk {
 public:
  /// All active calls of a connection, whose id may be any text: it is percent-encoded. Follows
  /// cursors, or page numbers where the API answers with them, and ends at an empty page, unless
  /// that names a further one and says that rows are missing.
  PageWalk(std::string_view connection_id, PageWalkLimits limits);

  /// One of an account's lists, which have page numbers. `path` is sent as it is. The list ends
  /// where its newest page says so and nowhere else: an empty page does not end it.
  static PageWalk OfList(std::string_view path, PageWalkLimits limits = kListLimits);

  /// The path and query of the next request, to be put after the API's base address. The same
  /// until Advance, so a failed request is repeated, not the walk.
  const std::string& next_target() const { return next_target_; }

  enum class Step { kNextPage, kEnd };

  /// Takes in the page that next_target() brought. Fails with `cursor_loop` when the server leads
  /// back to a page already read or sends another one than was asked for, with `too_many_pages`
  /// past max_pages or past the rows that fit into them, and with `malformed_response` when the
  /// page contradicts the request; the walk is over then.
  std::expected<Step, PollFailure> Advance(const PageInfo& page);

  std::uint32_t pages() const { return pages_; }

 private:
  enum class Form { kCalls, kList };

  PageWalk(Form form, std::string path, PageWalkLimits limits);

  bool NamesFurtherRows(const PageInfo& page) const;
  std::expected<Step, PollFailure> EndOfCursors(const PageInfo& page) const;
  std::unexpected<PollFailure> TooManyPages() const;
  std::expected<Step, PollFailure> AdvanceToCursor(const std::string& cursor);
  std::expected<Step, PollFailure> AdvanceToNumber(const PageInfo& page);
  std::expected<void, PollFailure> CheckNumbered(const PageInfo& page) const;
  std::string NumberedTarget() const;

  Form form_;
  PageWalkLimits limits_;
  std::string path_;
  std::string next_target_;
  std::uint32_t pages_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t number_ = 1;                     // of the page that was asked for
  std::uint64_t asked_size_ = 0;                 // rows that are asked for of a numbered page
  std::optional<std::uint64_t> told_page_size_;  // by the first page that told it
  std::optional<CallId> first_row_;              // of the numbered page before
  std::unordered_set<std::string> seen_cursors_;
};

/// The cursor in an address such as `/v2/connections/1/active_calls?page[after]=v1:abc=`, brackets
/// raw or percent-encoded; empty when there is none. Only the cursor is ever used of such an
/// address.
std::string CursorOfNextAddress(std::string_view address);

}  // namespace telnyx_exporter
