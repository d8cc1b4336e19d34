#pragma once

// What stands around every page: its head, the way to the other pages, what is wrong with the
// configuration, and at the foot what is serving it.

#include <string_view>

#include "pages/html.h"
#include "pages/status_data.h"

namespace telnyx_exporter {

/// Opens the page up to and with <main>. `title` is what the browser's tab shows.
void OpenPage(std::string_view title, const ExporterFacts& facts, const Moment& moment, Html& html);
void ClosePage(const ExporterFacts& facts, const Moment& moment, Html& html);

/// A time as the pages show it, with the whole of it for machines.
void AddTime(WallTime time, const Moment& moment, Html& html);

/// The sign of a condition, for eyes only: words always stand beside it.
void AddSign(Condition condition, Html& html);
/// "Failing"
std::string_view WordOf(Condition condition);
/// The class that colours what is in this condition.
Markup ClassOf(Condition condition);

/// The sentence behind "Failing": what happened, and what to do about it.
void AddFailure(const PollFailure& failure, Html& html);

}  // namespace telnyx_exporter
