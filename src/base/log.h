#pragma once

// The program's log: one event a line, a fixed sentence and named values, as logfmt or JSON. Every
// thread may log, and none of them ever waits: LogWriter writes the lines. The sentence never holds
// values, so that events can be counted by it.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <variant>

#include "base/clock.h"
#include "base/error.h"

namespace telnyx_exporter {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

/// `debug`, `info`, `warn` or `error`, in any case.
Result<LogLevel> ParseLogLevel(std::string_view text);
/// `logfmt` or `json`, in any case.
Result<LogFormat> ParseLogFormat(std::string_view text);

/// One named value of an event. Holds views: it lives for one call only.
struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  template <std::convertible_to<std::string_view> T>
  LogField(std::string_view name, const T& text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, bool truth) : key(name), value(truth) {}
  template <std::integral T>
  LogField(std::string_view name, T number) : key(name), value(static_cast<std::int64_t>(number)) {}
  template <std::floating_point T>
  LogField(std::string_view name, T number) : key(name), value(static_cast<double>(number)) {}
  /// Seconds, with fractions.
  LogField(std::string_view name, Duration duration) : key(name), value(ToSeconds(duration)) {}
};

/// The line for one event, without the newline; what `Log` writes.
std::string FormatLogLine(LogFormat format, WallTime time, LogLevel level, std::string_view message,
                          std::initializer_list<LogField> fields);

/// Takes one whole line, its newline included. Any thread; must not block.
using LogSink = std::function<void(std::string_view line)>;

class Log {
 public:
  Log(const Clock& clock, LogLevel level, LogFormat format, LogSink sink);

  using Fields = std::initializer_list<LogField>;
  void Debug(std::string_view message, Fields fields = {}) {
    Write(LogLevel::kDebug, message, fields);
  }
  void Info(std::string_view message, Fields fields = {}) {
    Write(LogLevel::kInfo, message, fields);
  }
  void Warn(std::string_view message, Fields fields = {}) {
    Write(LogLevel::kWarn, message, fields);
  }
  void Error(std::string_view message, Fields fields = {}) {
    Write(LogLevel::kError, message, fields);
  }

 private:
  void Write(LogLevel level, std::string_view message, Fields fields);

  const Clock& clock_;
  const LogLevel level_;
  const LogFormat format_;
  const LogSink sink_;
};

/// Writes log lines on a thread of its own, so that a reader who does not read (a full pipe, a
/// stopped terminal) delays no thread that logs. main() makes one for standard error.
class LogWriter {
 public:
  /// The line, its newline included, that says how many lines were lost.
  using DescribeLoss = std::function<std::string(std::uint64_t lines)>;

  static constexpr std::size_t kMaxWaitingBytes = std::size_t{1} << 20U;

  /// Writes to `descriptor`, which stays the caller's. Lines that do not fit into
  /// `max_waiting_bytes` together with those that wait are lost, and so is what cannot be written;
  /// `describe_loss` is written as soon as lines flow again.
  LogWriter(int descriptor, DescribeLoss describe_loss,
            std::size_t max_waiting_bytes = kMaxWaitingBytes);
  /// Writes what still waits, but for a quarter of a second at most.
  ~LogWriter();

  /// Takes a line, its newline included. Any thread; never waits for the reader.
  void Write(std::string_view line);

  /// Since the start. Any thread.
  std::uint64_t lines_lost() const;

 private:
  struct Queue;

  // Shared with the thread, which outlives this object while a write blocks.
  const std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace telnyx_exporter
