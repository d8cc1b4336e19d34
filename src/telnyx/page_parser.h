#pragma once

// The bytes of one active-calls page to its rows and its paging information. A poll feeds it every
// page of a walk, on the polling thread; the parser keeps its buffers, so that a row costs no
// allocation.

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "telnyx/active_call.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {

class PageParser {
 public:
  PageParser();

  /// Appends the page's rows to `calls`. `body` must be followed by kBodyPadding readable bytes. On
  /// failure `calls` is as it was, and the error says where: `data[3].call_duration is missing`.
  /// The error never holds an id or any other text of the page. Only what makes the number of calls
  /// doubtful fails a page: a row without a leg or a duration, or a next page that cannot be found.
  /// Any other field that cannot be read is absent, and PageInfo::ignored_fields counts it.
  Result<PageInfo> Parse(std::string_view body, std::vector<ActiveCall>& calls);

 private:
  struct Buffers;  // simdjson stays out of this header
  std::unique_ptr<Buffers, void (*)(Buffers*)> buffers_;
};

}  // namespace telnyx_exporter
