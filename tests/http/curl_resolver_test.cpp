// Name look-ups that hang, and a name that moves. The resolver is the C library's, in threads of
// curl's own, so the test takes the place of getaddrinfo for two names.

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <netdb.h>

#include "curl_transport_fixture.h"
#include "support/scripted_server.h"

namespace {

constexpr std::string_view kHangingName = "hanging.test";
constexpr std::string_view kMovingName = "moving.test";

// Where look-ups of that name wait. A global because getaddrinfo has no argument for it; never
// destroyed because curl does not wait for its threads.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  int waiting = 0;
  int passed = 0;
};

// Where kMovingName is, and how often that was asked.
struct Address {
  std::mutex mutex;
  std::string current;
  int lookups = 0;
};

Address& TheAddress() {
  static Address* const address = new Address;
  return *address;
}

std::string LookUpAddress() {
  const std::lock_guard lock(TheAddress().mutex);
  ++TheAddress().lookups;
  return TheAddress().current;
}

Gate& TheGate() {
  static Gate* const gate = new Gate;
  return *gate;
}

}  // namespace

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using Function = decltype(&getaddrinfo);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (name != nullptr && name == kMovingName) {
    return real(LookUpAddress().c_str(), service, hints, result);
  }
  if (name == nullptr || name != kHangingName) return real(name, service, hints, result);
  Gate& gate = TheGate();
  std::unique_lock lock(gate.mutex);
  ++gate.waiting;
  gate.changed.notify_all();
  gate.changed.wait(lock, [&] { return gate.open; });
  ++gate.passed;
  gate.changed.notify_all();
  return EAI_FAIL;
}

namespace telnyx_exporter {
namespace {

class CurlTransportResolver : public CurlTransportTest {
 protected:
  ~CurlTransportResolver() override {
    // Lets the threads that are left over end before the process does.
    Gate& gate = TheGate();
    std::unique_lock lock(gate.mutex);
    gate.open = true;
    gate.changed.notify_all();
    gate.changed.wait(lock, [&] { return gate.passed == gate.waiting; });
    gate.open = false;
    gate.waiting = gate.passed = 0;
  }

  void RunUntilLookingUp() {
    for (;;) {
      transport_->Run(std::chrono::milliseconds(1));
      const std::lock_guard lock(TheGate().mutex);
      if (TheGate().waiting > 0) return;
    }
  }
};

// Each of these would never end if curl waited for the look-up's thread.

TEST_F(CurlTransportResolver, DestructionDoesNotWaitForALookUp) {
  // The program ends all the same: signals.h.
  constexpr unsigned kOfDebian13 = 0x080e01;
  if (curl_version_info(CURLVERSION_NOW)->version_num > kOfDebian13) {
    GTEST_SKIP() << "newer versions of curl wait for their threads";
  }
  std::optional<Outcome> outcome;
  Send(RequestTo("http://hanging.test"), outcome);
  RunUntilLookingUp();
  transport_.reset();
  EXPECT_EQ(outcome, std::nullopt);
}

TEST_F(CurlTransportResolver, CancelDoesNotWaitForALookUp) {
  std::optional<Outcome> outcome;
  const RequestId id = Send(RequestTo("http://hanging.test"), outcome);
  RunUntilLookingUp();
  transport_->Cancel(id);
  EXPECT_EQ(outcome, std::nullopt);
}

TEST_F(CurlTransportResolver, ALookUpHasTheConnectTimeout) {
  Request request = RequestTo("http://hanging.test");
  request.connect_timeout = std::chrono::milliseconds(50);
  const Outcome outcome = Fetch(std::move(request));
  EXPECT_EQ(outcome.kind(), Kind::kTimeout);
  EXPECT_THAT(outcome.message(), testing::StartsWith("Resolving timed out"));
}

TEST_F(CurlTransportResolver, ALookUpEndsWithTheRequestsTimeout) {
  Request request = RequestTo("http://hanging.test");
  request.timeout = std::chrono::milliseconds(50);
  const Outcome outcome = Fetch(std::move(request));
  EXPECT_EQ(outcome.kind(), Kind::kTimeout);
  EXPECT_EQ(outcome.message(), "no complete answer within 50ms, still connecting");
}

class CurlTransportMovingHost : public CurlTransportTest {
 protected:
  static void MoveTo(const std::string& address) {
    const std::lock_guard lock(TheAddress().mutex);
    TheAddress().current = address;
    TheAddress().lookups = 0;
  }
  static int lookups() {
    const std::lock_guard lock(TheAddress().mutex);
    return TheAddress().lookups;
  }
};

// 127.0.0.2 has no listener on the server's port, so that it refuses.

TEST_F(CurlTransportMovingHost, IsLookedUpAnewAfterItsAddressRefused) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  const auto endpoint = EndpointAt("http://moving.test:" + std::to_string(server.port()));
  MoveTo("127.0.0.2");
  EXPECT_EQ(Fetch(RequestTo(endpoint)).kind(), Kind::kConnect);
  MoveTo("127.0.0.1");
  const Outcome outcome = Fetch(RequestTo(endpoint));
  EXPECT_EQ(outcome.status, 200) << outcome.message();
}

TEST_F(CurlTransportMovingHost, IsFollowedAfterItHadAnswered) {
  ScriptedServer server(ScriptedServer::Once(OkResponse("{}")));
  const auto endpoint = EndpointAt("http://moving.test:" + std::to_string(server.port()));
  MoveTo("127.0.0.1");
  EXPECT_EQ(Fetch(RequestTo(endpoint)).status, 200);
  // What was looked up for the answer is remembered until an address has failed.
  MoveTo("127.0.0.2");
  server.WaitForNoConnections();
  EXPECT_EQ(Fetch(RequestTo(endpoint)).status, 200);
  EXPECT_EQ(lookups(), 0);
}

}  // namespace
}  // namespace telnyx_exporter
