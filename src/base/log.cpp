#include "base/log.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

// By LogLevel.
constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};

std::string_view LevelName(LogLevel level) { return kLevelNames[static_cast<std::size_t>(level)]; }

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

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::milliseconds kFlushTime(250);
// How much longer the thread may take to notice that the flush is over.
constexpr std::chrono::milliseconds kEndTime(50);

// A pipe that poll(2) calls writable takes as much without blocking (PIPE_BUF).
constexpr std::size_t kMaxWrite = 4096;

// Whole lines as far as they fit into one write.
std::string_view NextChunk(std::string_view lines) {
  if (lines.size() <= kMaxWrite) return lines;
  const std::size_t newline = lines.rfind('\n', kMaxWrite - 1);
  return lines.substr(0, newline == std::string_view::npos ? kMaxWrite : newline + 1);
}

std::uint64_t CountLines(std::string_view lines) {
  return static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
}

// What poll(2) takes: -1 waits for ever.
int MillisecondsUntil(std::optional<SteadyTime> time) {
  if (!time) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*time - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace

Result<LogLevel> ParseLogLevel(std::string_view text) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (EqualsIgnoringAsciiCase(text, kLevelNames[i])) return static_cast<LogLevel>(i);
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

void Log::Write(LogLevel level, std::string_view message, Fields fields) {
  if (level < level_) return;
  sink_(FormatLogLine(format_, clock_.WallNow(), level, message, fields) + '\n');
}

struct LogWriter::Queue {
  struct Batch {
    std::string lines;
    std::uint64_t lost_before;  // that no line has told of; they came after `lines`
  };

  Queue(int output, DescribeLoss describe, std::size_t most)
      : descriptor(output), describe_loss(std::move(describe)), max_bytes(most) {}
  ~Queue() { close(end_event); }

  void Add(std::string_view line) {
    const std::lock_guard lock(mutex);
    if (line.size() + waiting.size() + in_hand > max_bytes) {
      NoteLoss(1);
    } else {
      waiting += line;
    }
    changed.notify_one();
  }

  void NoteLoss(std::uint64_t lines) {
    lost += lines;
    unsaid += lines;
  }

  // The thread: writes until the end, whose deadline ends waiting for the reader too.
  void WriteAll() {
    while (const std::optional<Batch> batch = Take()) {
      const std::size_t written = WriteLines(batch->lines);
      const bool flows = written == batch->lines.size();
      const bool said = flows && SayLoss(batch->lost_before);
      const std::lock_guard lock(mutex);
      in_hand = 0;
      broken = !said;
      if (!flows) NoteLoss(CountLines(std::string_view(batch->lines).substr(written)));
      if (!said) unsaid += batch->lost_before;
    }
    const std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }

  // Waits for something to write. Nothing: it is over.
  std::optional<Batch> Take() {
    std::unique_lock lock(mutex);
    // While nothing can be written, the next line is the next attempt.
    const auto can_write = [this] { return !waiting.empty() || (unsaid > 0 && !broken); };
    changed.wait(lock, [&] { return can_write() || deadline.has_value(); });
    if (!can_write()) return std::nullopt;
    in_hand = waiting.size();
    return Batch{.lines = std::exchange(waiting, {}), .lost_before = std::exchange(unsaid, 0)};
  }

  bool SayLoss(std::uint64_t lines) {
    if (lines == 0) return true;
    const std::string line = describe_loss(lines);
    return WriteLines(line) == line.size();
  }

  // Returns how many bytes were written: all, unless an error or the deadline ends it.
  std::size_t WriteLines(std::string_view lines) {
    std::size_t written = 0;
    while (written < lines.size() && WaitUntilWritable()) {
      const std::string_view chunk = NextChunk(lines.substr(written));
      const ssize_t size = write(descriptor, chunk.data(), chunk.size());
      if (size > 0) {
        written += static_cast<std::size_t>(size);
      } else if (errno != EAGAIN && errno != EINTR) {
        break;
      }
    }
    return written;
  }

  // False: the deadline is there first. An error shows when something is written.
  bool WaitUntilWritable() {
    while (true) {
      std::optional<SteadyTime> end;
      {
        const std::lock_guard lock(mutex);
        end = deadline;
      }
      pollfd waits[] = {{.fd = descriptor, .events = POLLOUT, .revents = 0},
                        {.fd = end ? -1 : end_event, .events = POLLIN, .revents = 0}};
      const int ready = ::poll(waits, std::size(waits), MillisecondsUntil(end));
      if (waits[0].revents != 0 && ready > 0) return true;
      if (ready == 0) return false;
    }
  }

  const int descriptor;
  const int end_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);  // ready when the deadline is set
  const DescribeLoss describe_loss;
  const std::size_t max_bytes;

  std::mutex mutex;
  std::condition_variable changed;
  // All guarded by mutex.
  std::string waiting;
  std::size_t in_hand = 0;  // bytes that the thread writes at present
  std::uint64_t lost = 0;
  std::uint64_t unsaid = 0;  // lost lines that no line has told of yet
  std::optional<SteadyTime> deadline;
  bool broken = false;  // the newest attempt to write failed
  bool finished = false;
};

LogWriter::LogWriter(int descriptor, DescribeLoss describe_loss, std::size_t max_waiting_bytes)
    : queue_(std::make_shared<Queue>(descriptor, std::move(describe_loss), max_waiting_bytes)),
      thread_([queue = queue_] { queue->WriteAll(); }) {}

LogWriter::~LogWriter() {
  std::unique_lock lock(queue_->mutex);
  queue_->deadline = std::chrono::steady_clock::now() + kFlushTime;
  queue_->changed.notify_all();
  eventfd_write(queue_->end_event, 1);
  const bool finished = queue_->changed.wait_until(lock, *queue_->deadline + kEndTime,
                                                   [this] { return queue_->finished; });
  lock.unlock();
  // A write that the system does not end must not keep the program.
  finished ? thread_.join() : thread_.detach();
}

void LogWriter::Write(std::string_view line) { queue_->Add(line); }

std::uint64_t LogWriter::lines_lost() const {
  const std::lock_guard lock(queue_->mutex);
  return queue_->lost;
}

}  // namespace telnyx_exporter
