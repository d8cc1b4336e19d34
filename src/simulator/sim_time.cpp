#include "simulator/sim_time.h"

#include <array>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter::simulator {

double TimeOfDay(SimTime time) { return time - std::floor(time / kSecondsPerDay) * kSecondsPerDay; }

std::optional<double> ParseTimeOfDay(std::string_view text) {
  constexpr std::array<double, 3> kUnits = {3600, 60, 1};
  constexpr std::array<std::uint64_t, 3> kAtMost = {23, 59, 59};
  if (text.size() != 5 && text.size() != 8) return std::nullopt;
  double seconds = 0;
  for (std::size_t part = 0; part * 3 < text.size(); ++part) {
    if (part > 0 && text[part * 3 - 1] != ':') return std::nullopt;
    const auto number = ParseUnsigned(text.substr(part * 3, 2));
    if (!number || *number > kAtMost.at(part)) return std::nullopt;
    seconds += static_cast<double>(*number) * kUnits.at(part);
  }
  return seconds;
}

std::string FormatTimeOfDay(double seconds) {
  const auto whole = static_cast<int>(seconds);
  std::string text = fmt::format("{:02}:{:02}", whole / 3600, whole / 60 % 60);
  if (whole % 60 != 0) text += fmt::format(":{:02}", whole % 60);
  return text;
}

bool DayWindow::Contains(SimTime time) const {
  const double now = TimeOfDay(time);
  return from < until ? now >= from && now < until : now >= from || now < until;
}

SimTime DayWindow::NextStart(SimTime time) const {
  const double wait = from - TimeOfDay(time);
  return time + (wait > 0 ? wait : wait + kSecondsPerDay);
}

}  // namespace telnyx_exporter::simulator
