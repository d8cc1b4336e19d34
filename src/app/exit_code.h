#pragma once

namespace telnyx_exporter {

inline constexpr int kExitStopped = 0;  // stopped as asked
inline constexpr int kExitRefused = 1;  // refused its configuration, could not start, or a poll of
                                        // --once was not complete
inline constexpr int kExitWrongUsage = 2;  // wrong flags

}  // namespace telnyx_exporter
