#include "app/service_manager.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace telnyx_exporter {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// The service manager's end of the socket, and its variables.
class ServiceManagerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = (directory_.path() / "notify").string();
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{.sun_family = AF_UNIX};
    ASSERT_LT(path_.size(), sizeof address.sun_path);
    path_.copy(address.sun_path, path_.size());
    ASSERT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
  }

  void TearDown() override {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(socket_);
  }

  // What has come since the last call; empty: nothing.
  std::string Received() {
    std::string text(4096, '\0');
    const ssize_t size = recv(socket_, text.data(), text.size(), 0);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }

  Watchdog MakeWatchdog() {
    return Watchdog(clock_, [this](Watchdog::Task task) { tasks_.push_back(std::move(task)); });
  }

  void CarryOutTasks() {
    for (Watchdog::Task& task : std::exchange(tasks_, {})) task();
  }

  ManualClock clock_;
  TempDir directory_;
  std::string path_;
  int socket_ = -1;
  std::vector<Watchdog::Task> tasks_;
};

TEST_F(ServiceManagerTest, IsToldEachState) {
  NotifyReady();
  EXPECT_EQ(Received(), "READY=1");
  NotifyReloading();
  EXPECT_THAT(Received(), ::testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  NotifyStopping();
  EXPECT_EQ(Received(), "STOPPING=1");
}

TEST_F(ServiceManagerTest, HearsOfTheLoopOnlyWhenItCarriesOutWhatItIsGiven) {
  Watchdog watchdog = MakeWatchdog();
  watchdog.Check();
  EXPECT_THAT(Received(), IsEmpty());
  CarryOutTasks();
  EXPECT_EQ(Received(), "WATCHDOG=1");
  EXPECT_THAT(Received(), IsEmpty());
  watchdog.Check();
  CarryOutTasks();
  EXPECT_EQ(Received(), "WATCHDOG=1");
}

TEST_F(ServiceManagerTest, ALoopThatHangsGetsNoHeapOfTasks) {
  Watchdog watchdog = MakeWatchdog();
  for (int i = 0; i < 100; ++i) watchdog.Check();
  EXPECT_THAT(tasks_, SizeIs(1));
  EXPECT_THAT(Received(), IsEmpty());
}

TEST_F(ServiceManagerTest, LooksThreeTimesBeforeTheTimeoutAndOnceASecond) {
  EXPECT_EQ(MakeWatchdog().interval(), std::chrono::seconds(1));
  setenv("WATCHDOG_USEC", "300000", 1);
  EXPECT_EQ(MakeWatchdog().interval(), std::chrono::milliseconds(100));
}

TEST_F(ServiceManagerTest, ALoopThatDoesNothingForHalfAMinuteIsNotHealthy) {
  Watchdog watchdog = MakeWatchdog();
  EXPECT_TRUE(watchdog.healthy());
  watchdog.Check();
  clock_.Advance(std::chrono::milliseconds(29'999));
  watchdog.Check();
  EXPECT_TRUE(watchdog.healthy());
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(watchdog.healthy());
  CarryOutTasks();
  EXPECT_TRUE(watchdog.healthy());
  watchdog.Check();
  EXPECT_TRUE(watchdog.healthy());
}

TEST_F(ServiceManagerTest, WithoutAServiceManagerNothingIsSent) {
  unsetenv("WATCHDOG_USEC");
  Watchdog watchdog = MakeWatchdog();
  watchdog.Check();
  CarryOutTasks();
  EXPECT_THAT(Received(), IsEmpty());
  EXPECT_EQ(watchdog.interval(), std::chrono::seconds(1));
}

TEST_F(ServiceManagerTest, AnotherProcessesWatchdogIsNotOurs) {
  setenv("WATCHDOG_PID", "1", 1);
  Watchdog watchdog = MakeWatchdog();
  watchdog.Check();
  CarryOutTasks();
  EXPECT_THAT(Received(), IsEmpty());
}

}  // namespace
}  // namespace telnyx_exporter
