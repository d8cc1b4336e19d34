#include "pages/drawings.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include <fmt/format.h>

#include "pages/words.h"

namespace telnyx_exporter {
namespace {

using Points = CallHistory::Points;

constexpr std::size_t kMinutes = CallHistory::kMinutes;

// A drawing's measures, in its own units.
struct Canvas {
  std::size_t step;  // from minute to minute
  std::size_t top;
  std::size_t foot;

  std::size_t X(std::size_t minute) const { return step / 2 + minute * step; }
  std::size_t Y(std::uint32_t value, std::uint32_t highest) const {
    if (highest == 0) return foot;
    const auto height = static_cast<std::uint64_t>(foot - top);
    return foot - (value * height + highest / 2) / highest;
  }
};

constexpr Canvas kSmall{.step = 2, .top = 4, .foot = 30};
constexpr Canvas kLarge{.step = 12, .top = 4, .foot = 158};

struct HistoryPaths {
  std::string line;
  std::string area;
  std::string gaps;
};

// The end of the run of minutes from `begin` on that are all known, or all not known.
std::size_t EndOfRun(const Points& points, std::size_t begin) {
  const bool known = points[begin].has_value();
  std::size_t end = begin + 1;
  while (end < kMinutes && points[end].has_value() == known) ++end;
  return end;
}

void AppendRun(const Points& points, std::size_t begin, std::size_t end, std::uint32_t highest,
               const Canvas& canvas, HistoryPaths& paths) {
  std::string line;
  for (std::size_t i = begin; i < end; ++i) {
    line +=
        fmt::format("{}{} {}", i == begin ? "" : "L", canvas.X(i), canvas.Y(*points[i], highest));
  }
  // A line without length is drawn as a dot by its round ends.
  if (end == begin + 1) line += "h0";
  paths.line += 'M' + line;
  paths.area += fmt::format("M{} {}L{}V{}Z", canvas.X(begin), canvas.foot, line, canvas.foot);
}

HistoryPaths DrawPaths(const Points& points, const Canvas& canvas) {
  const std::uint32_t highest = Summarize(points).highest;
  HistoryPaths paths;
  for (std::size_t begin = 0; begin < kMinutes;) {
    const std::size_t end = EndOfRun(points, begin);
    if (points[begin]) {
      AppendRun(points, begin, end, highest, canvas, paths);
    } else {
      // As far as the middle between the last and the next known minute.
      const std::size_t half = canvas.step / 2;
      paths.gaps +=
          fmt::format("M{} {}H{}", canvas.X(begin) - half, canvas.foot, canvas.X(end - 1) + half);
    }
    begin = end;
  }
  return paths;
}

}  // namespace

HistorySummary Summarize(const Points& points) {
  HistorySummary summary;
  for (const auto& point : points) {
    if (!point) continue;
    summary.lowest = summary.known_minutes == 0 ? *point : std::min(summary.lowest, *point);
    summary.highest = std::max(summary.highest, *point);
    ++summary.known_minutes;
  }
  return summary;
}

std::string HistoryWords(const Points& points) {
  const HistorySummary summary = Summarize(points);
  if (summary.known_minutes == 0) return "Active calls over the last hour: not known.";
  std::string words = "Active calls over the last hour: " + CountWords(summary.lowest);
  if (summary.lowest != summary.highest) words += " to " + CountWords(summary.highest);
  if (summary.known_minutes == kMinutes) return words + ".";
  return words + fmt::format(", known for {} of {} minutes.", summary.known_minutes, kMinutes);
}

void DrawHistory(const Points& points, Html& html) {
  const HistoryPaths paths = DrawPaths(points, kSmall);
  html.Add(
      "<svg class=\"history\" role=\"img\" width=\"122\" height=\"32\" viewBox=\"0 0 122 32\">"
      "<title>{}</title>"
      "<path class=\"gap\" d=\"{}\"/><path class=\"area\" d=\"{}\"/><path class=\"line\" "
      "d=\"{}\"/>",
      HistoryWords(points), paths.gaps, paths.area, paths.line);
  if (const auto& now = points.back()) {
    html.Add("<circle class=\"now\" r=\"2\" cx=\"{}\" cy=\"{}\"/>", kSmall.X(kMinutes - 1),
             kSmall.Y(*now, Summarize(points).highest));
  }
  html.Add("</svg>");
}

void DrawLargeHistory(const Points& points, Html& html) {
  const HistoryPaths paths = DrawPaths(points, kLarge);
  html.Add(
      "<svg class=\"history large\" role=\"img\" viewBox=\"0 0 720 160\" "
      "preserveAspectRatio=\"none\"><title>{}</title>"
      "<path class=\"grid\" d=\"M0 4H720M0 81H720M0 158H720M180 4V158M360 4V158M540 4V158\"/>"
      "<path class=\"gap\" d=\"{}\"/><path class=\"area\" d=\"{}\"/><path class=\"line\" d=\"{}\"/>"
      "</svg>",
      HistoryWords(points), paths.gaps, paths.area, paths.line);
}

std::string BucketWords(std::span<const double> bounds, std::size_t bucket) {
  const auto words = [&](std::size_t i) {
    return bounds[i] < 60 ? NumberWords(bounds[i]) + " s"
                          : DurationWords(std::chrono::duration_cast<Duration>(
                                std::chrono::duration<double>(std::min(bounds[i], 1e9))));
  };
  if (bucket == 0) return "up to " + words(0);
  if (bucket == bounds.size()) return "over " + words(bucket - 1);
  return words(bucket - 1) + " to " + words(bucket);
}

std::string DurationCountsWords(const DurationCounts& durations) {
  const std::uint64_t calls =
      std::accumulate(durations.counts.begin(), durations.counts.end(), std::uint64_t{0});
  if (calls == 0) return "No calls.";
  std::string words = fmt::format("Durations of {}", CountWords(calls, "call", "calls"));
  if (durations.bounds.size() + 1 != durations.counts.size()) return words + ".";
  std::string_view separator = ": ";
  for (std::size_t i = 0; i < durations.counts.size(); ++i) {
    if (durations.counts[i] == 0) continue;
    const bool between = i > 0 && i < durations.bounds.size();
    words += fmt::format("{}{}{}{}", separator, CountWords(durations.counts[i]),
                         between ? " of " : " ", BucketWords(durations.bounds, i));
    separator = ", ";
  }
  return words + ".";
}

void DrawDurations(const DurationCounts& durations, Html& html) {
  constexpr double kWidth = 96;
  constexpr double kFoot = 30;
  constexpr double kHeight = 27;
  const std::uint64_t highest = durations.counts.empty() ? 0 : std::ranges::max(durations.counts);
  const double step =
      kWidth / static_cast<double>(std::max<std::size_t>(1, durations.counts.size()));
  std::string bars;
  for (std::size_t i = 0; i < durations.counts.size(); ++i) {
    if (durations.counts[i] == 0) continue;
    const double share = static_cast<double>(durations.counts[i]) / static_cast<double>(highest);
    // One call beside a thousand is still to be seen.
    const double height = std::max(1.5, share * kHeight);
    bars += fmt::format("M{:.4g} {}V{:.4g}", (static_cast<double>(i) + 0.5) * step, kFoot,
                        kFoot - height);
  }
  html.Add(
      "<svg class=\"durations\" role=\"img\" width=\"96\" height=\"32\" viewBox=\"0 0 96 32\">"
      "<title>{}</title><path class=\"foot\" d=\"M0 30.5H96\"/>"
      "<path class=\"bars\" stroke-width=\"{:.3g}\" d=\"{}\"/></svg>",
      DurationCountsWords(durations), step * 0.75, bars);
}

}  // namespace telnyx_exporter
