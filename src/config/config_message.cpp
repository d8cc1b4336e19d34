#include "config/config_message.h"

#include <algorithm>

#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxShown = 50;

}  // namespace

std::string FormatConfigMessage(std::string_view file, const ConfigMessage& message) {
  std::string line(file);
  if (message.line > 0) line += fmt::format(":{}:{}", message.line, message.column);
  if (!message.path.empty()) line += fmt::format(": {}", message.path);
  return line + ": " + message.text;
}

std::vector<std::string> FormatConfigMessages(std::string_view file,
                                              const std::vector<ConfigMessage>& messages) {
  std::vector<std::string> lines;
  lines.reserve(messages.size());
  for (const ConfigMessage& message : messages) lines.push_back(FormatConfigMessage(file, message));
  return lines;
}

void SortAndBound(std::vector<ConfigMessage>& messages) {
  std::ranges::stable_sort(messages, {}, [](const ConfigMessage& message) {
    return std::pair(message.line, message.column);
  });
  if (messages.size() <= kMaxShown) return;
  const std::size_t hidden = messages.size() - kMaxShown;
  messages.resize(kMaxShown + 1);
  messages.back().path.clear();
  messages.back().text = fmt::format("{} more from here on are not shown", hidden);
}

}  // namespace telnyx_exporter
