#pragma once

// One row of an active-calls page, and the ids of call legs and sessions as 128-bit values: what is
// compared a million times is small and has no memory of its own. PageParser makes the rows, the
// calls library counts them, on the polling thread.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace telnyx_exporter {

struct CallId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const CallId&) const = default;
};

inline constexpr std::size_t kUuidLength = 36;

/// Reads a UUID in its canonical lower-case form. False for any other text, with `id` as it was.
bool ReadUuid(std::string_view text, CallId& id);

/// A UUID in its canonical lower-case form is its own 128 bits. Ids are opaque to their readers, so
/// any other text is taken as well: as a 128-bit hash under a random key of the process, for
/// which collisions cannot be prepared.
CallId ParseCallId(std::string_view text);

/// Whether the id was made from a UUID. Ids that were hashed have the version 0 of a UUID, which
/// makes this false of the few real ones without a version, too.
inline bool IsUuid(const CallId& id) { return (id.high & 0xf000U) != 0; }

/// The text that such an id was made from.
std::string UuidText(const CallId& id);

/// A leg cannot last longer; a larger number is taken for a fault of the answer.
inline constexpr std::uint32_t kMaxCallDurationSeconds = 365 * 24 * 3600;

/// One row of an active-calls page: a call leg. The API's call_control_id and client_state are not
/// here and are never read.
struct ActiveCall {
  CallId leg;
  CallId session;
  std::uint32_t duration_seconds = 0;
  bool has_session = false;  // the row named its session

  bool operator==(const ActiveCall&) const = default;
};

}  // namespace telnyx_exporter
