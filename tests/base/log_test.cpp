#include "base/log.h"

#include <array>
#include <csignal>
#include <limits>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/string_log.h"

namespace telnyx_exporter {
namespace {

const WallTime kTime{std::chrono::milliseconds(1'700'000'000'007)};

TEST(FormatLogLine, WritesLogfmt) {
  EXPECT_EQ(FormatLogLine(LogFormat::kLogfmt, kTime, LogLevel::kWarn, "poll failed",
                          {{"account", "main"},
                           {"status", 503},
                           {"wait_seconds", Duration(std::chrono::milliseconds(1500))},
                           {"retry", true},
                           {"title", "a \"b\"\n=c"},
                           {"empty", ""}}),
            "ts=2023-11-14T22:13:20.007Z level=warn msg=\"poll failed\" account=main status=503 "
            "wait_seconds=1.5 retry=true title=\"a \\\"b\\\"\\n=c\" empty=\"\"");
}

TEST(FormatLogLine, WritesJson) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, kTime, LogLevel::kInfo, "started",
                          {{"a", "x\"y"}, {"n", -1}, {"d", 0.25}, {"t", false}}),
            R"({"ts":"2023-11-14T22:13:20.007Z","level":"info","msg":"started","a":"x\"y","n":-1,)"
            R"("d":0.25,"t":false})");
}

TEST(FormatLogLine, WritesNullForWhatJsonCannotSay) {
  const std::string line = FormatLogLine(LogFormat::kJson, kTime, LogLevel::kInfo, "m",
                                         {{"d", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_TRUE(line.ends_with(R"("d":null})")) << line;
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  StringLog log(LogLevel::kWarn);
  log.log().Info("quiet");
  log.log().Warn("loud");
  EXPECT_EQ(log.text(), "ts=2023-11-14T22:13:20.000Z level=warn msg=loud\n");
}

TEST(ParseLogLevel, IgnoresCase) {
  EXPECT_EQ(ParseLogLevel("WARN"), LogLevel::kWarn);
  EXPECT_EQ(ParseLogLevel("Info"), LogLevel::kInfo);
  EXPECT_EQ(ParseLogFormat("JSON"), LogFormat::kJson);
}

TEST(ParseLogLevel, NamesTheRightOnes) {
  EXPECT_EQ(ParseLogLevel("warn"), LogLevel::kWarn);
  EXPECT_EQ(ParseLogLevel("loud").error().message,
            "\"loud\" is not a log level: use debug, info, warn or error");
  EXPECT_EQ(ParseLogFormat("json"), LogFormat::kJson);
  EXPECT_EQ(ParseLogFormat("xml").error().message,
            "\"xml\" is not a log format: use logfmt or json");
}

// A pipe whose writer is the log and whose reader is the test. Its buffer holds 64 KiB.
class LogWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    ASSERT_EQ(pipe2(pipe_.data(), O_CLOEXEC), 0);
  }
  void TearDown() override {
    CloseReader();
    close(pipe_[1]);
  }

  int descriptor() const { return pipe_[1]; }
  void CloseReader() {
    if (pipe_[0] >= 0) close(pipe_[0]);
    pipe_[0] = -1;
  }
  void MakeNonBlocking() const { fcntl(pipe_[1], F_SETFL, O_NONBLOCK); }

  static std::string Describe(std::uint64_t lines) {
    return "lost " + std::to_string(lines) + '\n';
  }

  // Reads until `end` has come.
  std::string ReadUntil(std::string_view end) const {
    std::string text;
    std::array<char, 4096> buffer;
    while (!text.ends_with(end)) {
      const ssize_t size = read(pipe_[0], buffer.data(), buffer.size());
      if (size <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

  // With its newline; empty at the end.
  std::string ReadLine() const {
    std::string line;
    char byte = 0;
    while (!line.ends_with('\n') && read(pipe_[0], &byte, 1) == 1) line += byte;
    return line;
  }

  std::array<int, 2> pipe_{-1, -1};
};

TEST_F(LogWriterTest, WritesLinesInTheirOrder) {
  LogWriter writer(descriptor(), Describe);
  writer.Write("one\n");
  writer.Write("two\n");
  EXPECT_EQ(ReadUntil("two\n"), "one\ntwo\n");
  EXPECT_EQ(writer.lines_lost(), 0U);
}

TEST_F(LogWriterTest, WritesWhatWaitsBeforeItEnds) {
  {
    LogWriter(descriptor(), Describe).Write("last\n");
  }
  EXPECT_EQ(ReadUntil("last\n"), "last\n");
}

TEST_F(LogWriterTest, KeepsNobodyWaitingForAReaderThatDoesNotRead) {
  const std::string line(999, 'x');
  {
    LogWriter writer(descriptor(), Describe, 100'000);
    for (int i = 0; i < 1'000; ++i) writer.Write(line + '\n');
    // The pipe and the queue hold fewer than these.
    EXPECT_GT(writer.lines_lost(), 500U);
  }
  // And it has ended.
}

TEST_F(LogWriterTest, TellsOfLostLinesWhenTheyFlowAgain) {
  for (const bool non_blocking : {false, true}) {
    if (non_blocking) MakeNonBlocking();
    LogWriter writer(descriptor(), Describe, 100'000);
    for (int i = 0; i < 1'000; ++i) writer.Write(std::string(999, 'x') + '\n');
    const std::uint64_t lost = writer.lines_lost();
    std::uint64_t kept = 0;
    std::uint64_t said = 0;
    while (kept + said < 1'000) {
      const std::string line = ReadLine();
      ASSERT_FALSE(line.empty());
      line.starts_with("lost ") ? said += std::stoul(line.substr(5)) : ++kept;
    }
    EXPECT_EQ(said, lost);
    EXPECT_EQ(writer.lines_lost(), lost);
  }
}

TEST_F(LogWriterTest, CountsWhatNobodyCanRead) {
  CloseReader();
  LogWriter writer(descriptor(), Describe);
  writer.Write("one\ntwo\n");
  while (writer.lines_lost() < 2) {
  }
  EXPECT_EQ(writer.lines_lost(), 2U);
}

TEST_F(LogWriterTest, CountsWhatTheSystemRefuses) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  LogWriter writer(full, Describe);
  writer.Write("one\n");
  while (writer.lines_lost() < 1) {
  }
  EXPECT_EQ(writer.lines_lost(), 1U);
  close(full);
}

TEST_F(LogWriterTest, LosesALineThatIsLargerThanTheQueue) {
  LogWriter writer(descriptor(), Describe, 10);
  writer.Write(std::string(100, 'x') + '\n');
  EXPECT_EQ(writer.lines_lost(), 1U);
  EXPECT_EQ(ReadUntil("\n"), "lost 1\n");
}

}  // namespace
}  // namespace telnyx_exporter
