#include "app/main_loop.h"

#include <csignal>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using Errors = MainLoop::ReloadErrors;

TEST(MainLoop, ReturnsTheSignalThatStopsIt) {
  MainLoop loop;
  loop.Stop(SIGINT);
  EXPECT_EQ(loop.Run({}), SIGINT);
}

TEST(MainLoop, ReloadsWhenAskedAndAnswers) {
  MainLoop loop;
  Errors told;
  loop.RequestReload([&](const Errors& errors) {
    told = errors;
    loop.Stop(SIGTERM);
  });
  loop.Run({.reload = [] { return Errors{"wrong"}; }, .look = [] {}});
  EXPECT_THAT(told, ElementsAre("wrong"));
}

TEST(MainLoop, WhoAsksDuringAReloadSharesTheNextOne) {
  constexpr int kClients = 50;
  MainLoop loop;
  int reloads = 0;
  std::vector<int> answered_by;
  loop.RequestReload();
  loop.Run({.reload =
                [&] {
                  ++reloads;
                  for (int i = 0; reloads == 1 && i < kClients; ++i) {
                    loop.RequestReload([&](const Errors&) {
                      answered_by.push_back(reloads);
                      if (answered_by.size() == kClients) loop.Stop(SIGTERM);
                    });
                  }
                  return Errors{};
                },
            .look = [] {}});
  EXPECT_EQ(reloads, 2);
  EXPECT_THAT(answered_by, SizeIs(kClients));
  EXPECT_THAT(answered_by, Each(2));
}

TEST(MainLoop, TellsThoseWhoWaitThatItStops) {
  MainLoop loop;
  Errors before;
  Errors after;
  loop.RequestReload([&](const Errors& errors) { before = errors; });
  loop.Stop(SIGTERM);
  loop.Run({});
  loop.RequestReload([&](const Errors& errors) { after = errors; });
  EXPECT_THAT(before, ElementsAre("the exporter is stopping"));
  EXPECT_THAT(after, ElementsAre("the exporter is stopping"));
}

TEST(MainLoop, LooksOnceAnInterval) {
  MainLoop loop;
  int looks = 0;
  loop.Run({.reload = [] { return Errors{}; },
            .look =
                [&] {
                  if (++looks == 3) loop.Stop(SIGTERM);
                },
            .interval = std::chrono::milliseconds(1)});
  EXPECT_EQ(looks, 3);
}

}  // namespace
}  // namespace telnyx_exporter
