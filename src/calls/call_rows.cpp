#include "calls/call_rows.h"

#include <algorithm>
#include <ranges>

namespace telnyx_exporter {

void CallRows::Add(std::span<const ActiveCall> rows) {
  for (const ActiveCall& row : rows) {
    legs_.push_back(row.leg);
    durations_.push_back(row.duration_seconds);
    all_name_session_ = all_name_session_ && row.has_session;
    // The legs of a session often follow each other.
    if (row.has_session && (sessions_.empty() || sessions_.back() != row.session)) {
      sessions_.push_back(row.session);
    }
  }
}

std::optional<std::span<const CallId>> CallRows::sessions() const {
  if (!all_name_session_) return std::nullopt;
  return sessions_;
}

void CallRows::Reserve(std::size_t rows) {
  legs_.reserve(rows);
  durations_.reserve(rows);
  sessions_.reserve(rows);
}

void CallRows::Clear() {
  legs_.clear();
  durations_.clear();
  sessions_.clear();
  all_name_session_ = true;
}

void LongestCalls::Add(std::span<const ActiveCall> rows) {
  const auto offer = [this](const ActiveCall& row) { Offer(row); };
  // Rows come in the order of time. From the oldest on, hardly any further call is kept.
  const bool newest_first =
      !rows.empty() && rows.front().duration_seconds < rows.back().duration_seconds;
  if (newest_first) {
    std::ranges::for_each(rows | std::views::reverse, offer);
  } else {
    std::ranges::for_each(rows, offer);
  }
}

void LongestCalls::Offer(const ActiveCall& row) {
  if (full() && row.duration_seconds <= kept_[shortest_].duration_seconds) return;
  const auto known = std::ranges::find(kept_, row.leg, &ActiveCall::leg);
  if (known != kept_.end()) {
    if (row.duration_seconds > known->duration_seconds) *known = row;
  } else if (full()) {
    kept_[shortest_] = row;
  } else {
    kept_.push_back(row);
  }
  if (!full()) return;
  const auto shortest = std::ranges::min_element(kept_, {}, &ActiveCall::duration_seconds);
  shortest_ = static_cast<std::size_t>(shortest - kept_.begin());
}

std::vector<ActiveCall> LongestCalls::Sorted() const {
  std::vector<ActiveCall> sorted = kept_;
  std::ranges::sort(sorted, [](const ActiveCall& left, const ActiveCall& right) {
    return left.duration_seconds != right.duration_seconds
               ? left.duration_seconds > right.duration_seconds
               : left.leg < right.leg;
  });
  return sorted;
}

}  // namespace telnyx_exporter
