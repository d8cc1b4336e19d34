#include "base/log.h"

#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string FormatTime(WallTime time) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(
                                time.time_since_epoch() % std::chrono::seconds(1))
                                .count();
  const auto seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds),
                     milliseconds < 0 ? milliseconds + 1000 : milliseconds);
}

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == '"' || byte == '=' || byte == '\\' || byte >= 0x7f) return true;
  }
  return false;
}

std::string FormatNumber(double number) { return fmt::format("{:.6g}", number); }

void AppendLogfmtValue(std::string& line, std::string_view text) {
  if (NeedsQuotes(text)) {
    AppendJsonString(line, text);
  } else {
    line += text;
  }
}

}  // namespace

Result<LogLevel> ParseLogLevel(std::string_view text) {
  for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (EqualsIgnoringAsciiCase(text, LevelName(level))) return level;
  }
  return Fail(fmt::format("\"{}\" is not a log level: use debug, info, warn or error", text));
}

Result<LogFormat> ParseLogFormat(std::string_view text) {
  if (EqualsIgnoringAsciiCase(text, "logfmt")) return LogFormat::kLogfmt;
  if (EqualsIgnoringAsciiCase(text, "json")) return LogFormat::kJson;
  return Fail(fmt::format("\"{}\" is not a log format: use logfmt or json", text));
}

std::string FormatLogLine(LogFormat format, WallTime time, LogLevel level, std::string_view message,
                          std::initializer_list<LogField> fields) {
  std::string line;
  if (format == LogFormat::kLogfmt) {
    line = fmt::format("ts={} level={} msg=", FormatTime(time), LevelName(level));
    AppendLogfmtValue(line, message);
  } else {
    line = fmt::format(R"({{"ts":"{}","level":"{}","msg":)", FormatTime(time), LevelName(level));
    AppendJsonString(line, message);
  }
  for (const LogField& field : fields) {
    const bool json = format == LogFormat::kJson;
    if (json) {
      line += ',';
      AppendJsonString(line, field.key);
      line += ':';
    } else {
      fmt::format_to(std::back_inserter(line), " {}=", field.key);
    }
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      json ? AppendJsonString(line, *text) : AppendLogfmtValue(line, *text);
    } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
      line += std::to_string(*integer);
    } else if (const auto* number = std::get_if<double>(&field.value)) {
      line += json && !std::isfinite(*number) ? "null" : FormatNumber(*number);
    } else {
      line += std::get<bool>(field.value) ? "true" : "false";
    }
  }
  if (format == LogFormat::kJson) line += '}';
  return line;
}

Log::Log(const Clock& clock, LogLevel level, LogFormat format, LogSink sink)
    : clock_(clock), level_(level), format_(format), sink_(std::move(sink)) {}

void Log::Debug(std::string_view message, std::initializer_list<LogField> fields) {
  Write(LogLevel::kDebug, message, fields);
}
void Log::Info(std::string_view message, std::initializer_list<LogField> fields) {
  Write(LogLevel::kInfo, message, fields);
}
void Log::Warn(std::string_view message, std::initializer_list<LogField> fields) {
  Write(LogLevel::kWarn, message, fields);
}
void Log::Error(std::string_view message, std::initializer_list<LogField> fields) {
  Write(LogLevel::kError, message, fields);
}

void Log::Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < level_) return;
  sink_(FormatLogLine(format_, clock_.WallNow(), level, message, fields) + '\n');
}

}  // namespace telnyx_exporter
