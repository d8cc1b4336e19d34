#pragma once

// Values of the web configuration file that no other configuration has.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace telnyx_exporter {

/// A duration as Go writes it: numbers, perhaps with fractions, with ns, us, ms, s, m or h, as in
/// `1h30m` or `1.5s`; `0` needs no unit. Nothing when it is none; one that does not fit is the
/// longest that does.
std::optional<Duration> ParseGoDuration(std::string_view text);

/// What keeps the text from being a bcrypt hash that passwords can be checked with; empty when
/// nothing does. Says nothing of what is in it, for it is a secret.
std::string FindBcryptFault(std::string_view hash);

}  // namespace telnyx_exporter
