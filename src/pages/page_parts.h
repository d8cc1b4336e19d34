#pragma once

// What the status pages are put together from: the head with links to the others, notices about a
// refused configuration, the footer, the table of connections, and how times, conditions and
// failures are shown. On the thread that serves the request.

#include <string>
#include <string_view>

#include "pages/drawings.h"
#include "pages/html.h"
#include "pages/status_data.h"

namespace telnyx_exporter {

/// Opens the page up to and with <main>. `title` is what the browser's tab shows.
void OpenPage(std::string_view title, const ExporterFacts& facts, const Moment& moment, Html& html);
void ClosePage(const ExporterFacts& facts, const Moment& moment, Html& html);

/// A time as the pages show it, with the whole of it for machines.
void AddTime(WallTime time, const Moment& moment, Html& html);

/// The sign of a condition. It is hidden from screen readers: words always accompany it.
void AddSign(Condition condition, Html& html);
/// "Failing"
std::string_view WordOf(Condition condition);

/// The reason for "Failing": what happened, and what to do about it.
void AddFailure(const PollFailure& failure, Html& html);

/// The connections that the query selects, with links to sort them differently.
void AddConnectionTable(const StatusData& data, const Moment& moment, Html& html);

/// How a connection goes, in words: "Failing for 3 min: …".
void AddState(const ConnectionSnapshot& state, const Moment& moment, Html& html);

/// Why there is no number: since when it is not known any more, if it ever was.
void AddUnknown(const ConnectionSnapshot& state, const Moment& moment, Html& html);

/// Why the connection is not polled at its configured interval; empty when it is.
std::string IntervalWords(const ConnectionSnapshot& state);

/// The durations of the last complete poll's calls.
DurationCounts DurationCountsOf(const CompletePoll& poll);

/// Style, script and icon, built into the program. Their addresses change with their content, so
/// that browsers may keep them for ever.
struct PageAsset {
  std::string_view path;     // as requested: "/static/status.css"
  std::string_view address;  // as the pages name it: "static/status.css?v=0123456789abcdef"
  std::string_view content_type;
  std::string_view bytes;
};

const PageAsset& StyleAsset();
const PageAsset& ScriptAsset();
const PageAsset& IconAsset();

}  // namespace telnyx_exporter
