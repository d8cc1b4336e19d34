#pragma once

// The simulation's time and its days: everything that a simulation does at certain times it does
// every day again.

#include <optional>
#include <string>
#include <string_view>

namespace telnyx_exporter::simulator {

/// Seconds since the midnight before the simulation begins; calls may have begun before, at
/// negative times.
using SimTime = double;

inline constexpr double kSecondsPerDay = 86'400;

/// Seconds since the midnight before `time`.
double TimeOfDay(SimTime time);

/// A time of day as HH:MM or HH:MM:SS, in seconds; nothing for any other text.
std::optional<double> ParseTimeOfDay(std::string_view text);
/// The same, with seconds where there are some.
std::string FormatTimeOfDay(double seconds);

/// A part of every day; over midnight when it begins later than it ends.
struct DayWindow {
  double from = 0;   // seconds since midnight, itself inside
  double until = 0;  // itself outside; another time than `from`

  bool Contains(SimTime time) const;
  /// Its next beginning behind `time`.
  SimTime NextStart(SimTime time) const;

  bool operator==(const DayWindow&) const = default;
};

}  // namespace telnyx_exporter::simulator
