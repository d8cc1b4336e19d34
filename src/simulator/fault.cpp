#include "simulator/fault.h"

#include <algorithm>
#include <array>

#include "simulator/content_faults.h"
#include "simulator/paging_faults.h"
#include "simulator/status_faults.h"
#include "simulator/wire_faults.h"

namespace telnyx_exporter::simulator {
namespace {

constexpr std::array kFaults = {
    // The network and HTTP itself.
    Fault{"reset", "resets the connection instead of answering", ResetConnection},
    Fault{"reset_body", "resets the connection in the middle of the body", ResetInBody},
    Fault{"close", "closes the connection instead of answering", CloseConnection},
    Fault{"close_body", "closes the connection in the middle of the body", CloseInBody},
    Fault{"half_close", "ends its side of the connection and never answers", HalfClose},
    Fault{"blackhole", "takes the request and never answers", NeverAnswer},
    Fault{"slow_loris", "answers a byte a second from the status line on", DripHead},
    Fault{"slow_body", "answers a byte a second from the body on", DripBody},
    Fault{"not_http", "answers in another protocol", AnswerOtherProtocol},
    Fault{"endless_headers", "sends header lines without end", SendHeadersWithoutEnd},
    Fault{"endless_header_line", "sends one header line without end", SendHeaderLineWithoutEnd},
    Fault{"huge_body", "sends a body of 100 MB", SendHugeBody},
    Fault{"gzip_bomb", "sends 1 MB of gzip that holds 1 GB", SendGzipBomb},
    Fault{"truncated_gzip", "sends a gzip body that ends too early", SendTruncatedGzip},
    // What the answer says.
    Fault{"empty_200", "answers 200 without a body", AnswerEmpty},
    Fault{"truncated_json", "answers JSON that ends too early", AnswerTruncatedJson},
    Fault{"invalid_utf8", "answers JSON with bytes that are not UTF-8", AnswerInvalidUtf8},
    Fault{"wrong_types", "answers JSON with a value of the wrong type", AnswerWrongTypes},
    Fault{"html_200", "answers 200 with HTML", AnswerHtml},
    Fault{"negative_durations", "answers calls of less than 0 seconds", AnswerNegativeDurations},
    Fault{"wrong_total", "answers a meta.total_items that is 7 too high", AnswerWrongTotal},
    // Other statuses.
    Fault{"status_204", "answers 204 without a body", AnswerStatus<204>},
    Fault{"redirect_301", "answers 301 to another host", Redirect<301>},
    Fault{"redirect_302", "answers 302 to another host", Redirect<302>},
    Fault{"status_401", "answers 401: the key is refused", AnswerStatus<401>},
    Fault{"status_403", "answers 403: the key may not do this", AnswerStatus<403>},
    Fault{"status_404", "answers 404: no such connection", AnswerStatus<404>},
    Fault{"status_422", "answers 422: not a connection with calls", AnswerStatus<422>},
    Fault{"status_429", "answers 429 without saying for how long", AnswerStatus<429>},
    Fault{"rate_limited", "answers 429 with Retry-After and x-ratelimit headers", LimitRate},
    Fault{"status_500", "answers 500 with HTML", AnswerStatus<500>},
    Fault{"status_502", "answers 502 with HTML", AnswerStatus<502>},
    Fault{"status_503", "answers 503 with HTML", AnswerStatus<503>},
    // Paging by cursor.
    Fault{"repeated_cursor", "names the cursor that was asked for as the next", RepeatCursor},
    Fault{"cursor_loop", "leads through three cursors back to the first", LoopThreeCursors},
    Fault{"long_cursor", "names a cursor of 64 KB", NameLongCursor},
    Fault{"endless_pages", "has one more page behind the last, always", PageWithoutEnd},
    Fault{"backwards_pages", "gives the pages in the opposite order", PageBackwards},
    Fault{"repeated_calls", "gives the last call of a page on the next one too", RepeatCalls},
    Fault{"ignored_limit", "gives four times as many calls as asked for", IgnoreLimit},
};

}  // namespace

std::span<const Fault> AllFaults() { return kFaults; }

const Fault* FindFault(std::string_view name) {
  const auto found = std::ranges::find(kFaults, name, &Fault::name);
  return found == kFaults.end() ? nullptr : &*found;
}

}  // namespace telnyx_exporter::simulator
