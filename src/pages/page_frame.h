#pragma once

// What all status pages share: the head with links to the others, notices about a refused
// configuration, and the footer with version and uptime. On the thread that serves the request.

#include <string_view>

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
/// The class that colours what is in this condition.
Markup ClassOf(Condition condition);

/// The reason for "Failing": what happened, and what to do about it.
void AddFailure(const PollFailure& failure, Html& html);

}  // namespace telnyx_exporter
