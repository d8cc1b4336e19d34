#include "calls/call_rows.h"

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

}  // namespace telnyx_exporter
