#include "simulator/wire_server.h"

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_client.h"
#include "support/raw_client.h"
#include "web/router.h"

namespace telnyx_exporter::simulator {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr auto kForEver = std::chrono::hours(24);

std::unique_ptr<WireServer> Start(WireHandler handler) {
  auto server = WireServer::Start({"127.0.0.1:0"}, std::move(handler));
  if (!server) throw std::runtime_error(server.error().message);
  return std::move(*server);
}

WireAnswer Hello(const HttpRequest&) { return TextResponse(200, "hello\n"); }

WireHandler Script(WireScript script) {
  return [script = std::move(script)](const HttpRequest&) -> WireAnswer { return script; };
}

RawClient::Received Exchange(const WireServer& server, std::string_view bytes) {
  RawClient client(server.bound_addresses().front());
  client.Send(bytes);
  return client.Receive();
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(WireServer, AnswersARealClient) {
  const auto server = Start(Hello);
  const ClientResponse response = Fetch("http://" + server->bound_addresses().front() + "/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello\n");
  EXPECT_EQ(response.headers.at("content-type"), "text/plain; charset=utf-8");
}

TEST(WireServer, AnswersHeadWithTheLengthAlone) {
  const auto server = Start(Hello);
  const auto received =
      Exchange(*server, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(received.bytes, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(received.bytes, EndsWith("\r\n\r\n"));
}

TEST(WireServer, AnswersRequestAfterRequestOnOneConnection) {
  const auto server = Start(
      [](const HttpRequest& request) -> WireAnswer { return TextResponse(200, request.path()); });
  const auto received = Exchange(*server,
                                 "POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345"
                                 "GET /two HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(received.bytes, HasSubstr("\r\n\r\n/oneHTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(received.bytes, EndsWith("\r\n\r\n/two"));
  EXPECT_EQ(received.end, RawClient::End::kClosed);
}

TEST(WireServer, TellsWhatWasAsked) {
  const auto server = Start([](const HttpRequest& request) -> WireAnswer {
    return TextResponse(
        200, fmt::format("{} {} {} {} {} {}", request.method(), request.path(), request.query(),
                         request.Query("page[limit]").value_or("absent"),
                         request.Query("plus").value_or("absent"),
                         request.Header("X-TEST").value_or("absent")));
  });
  EXPECT_THAT(Exchange(*server,
                       "PUT /a%20b?page%5Blimit%5D=1%2B2&plus=a+b HTTP/1.1\r\nHost: x\r\n"
                       "X-Test:  one\r\nx-test: two\r\nContent-Length: 0\r\n"
                       "Connection: close\r\n\r\n")
                  .bytes,
              EndsWith("PUT /a b page%5Blimit%5D=1%2B2&plus=a+b 1+2 a b one, two"));
  EXPECT_THAT(Exchange(*server, "GET http://host:1/a/b?c=d HTTP/1.0\r\n\r\n").bytes,
              EndsWith("GET /a/b c=d absent absent absent"));
}

TEST(WireServer, EndsTheConnectionOfAnOldClient) {
  const auto server = Start(Hello);
  const auto received = Exchange(*server, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(received.bytes, HasSubstr("Connection: close\r\n"));
}

TEST(WireServer, RefusesWhatIsNotARequest) {
  const auto server = Start(Hello);
  EXPECT_THAT(Exchange(*server, "nonsense\r\n\r\n").bytes, Not(HasSubstr("hello")));
  const std::string endless = "GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'x');
  EXPECT_THAT(Exchange(*server, endless).bytes, Not(HasSubstr("hello")));
  EXPECT_THAT(Exchange(*server, "GET /%zz HTTP/1.0\r\n\r\n").bytes, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Exchange(*server, "POST / HTTP/1.0\r\nContent-Length: 65537\r\n\r\n").bytes,
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Exchange(*server, "GET / HTTP/1.0\r\n\r\n").bytes, EndsWith("hello\n"));
}

TEST(WireServer, SurvivesAHandlerThatThrows) {
  const auto server =
      Start([](const HttpRequest&) -> WireAnswer { throw std::runtime_error("broken"); });
  EXPECT_THAT(Exchange(*server, "GET / HTTP/1.0\r\n\r\n").bytes, StartsWith("HTTP/1.1 500 "));
}

TEST(WireServer, SendsAScriptsBytesAsTheyAre) {
  const auto server = Start(Script([](Wire& wire) {
    wire.Send("any");
    wire.Send("thing");
  }));
  const auto received = Exchange(*server, kGet);
  EXPECT_EQ(received.bytes, "anything");
  EXPECT_EQ(received.end, RawClient::End::kClosed);
}

TEST(WireServer, ResetsWhenAScriptSaysSo) {
  const auto server = Start(Script([](Wire& wire) { wire.Reset(); }));
  EXPECT_EQ(Exchange(*server, kGet).end, RawClient::End::kReset);
}

TEST(WireServer, TellsAScriptThatItsClientHasGone) {
  std::promise<bool> waited;
  const auto server =
      Start(Script([&](Wire& wire) { waited.set_value(wire.Wait(std::chrono::hours(24))); }));
  {
    RawClient client(server->bound_addresses().front());
    client.Send(kGet);
  }
  EXPECT_FALSE(waited.get_future().get());
}

TEST(WireServer, EndsItsSideAlone) {
  const auto server = Start(Script([](Wire& wire) {
    wire.Send("half");
    wire.EndSending();
    wire.Wait(kForEver);
  }));
  RawClient client(server->bound_addresses().front());
  client.Send(kGet);
  EXPECT_EQ(client.Receive().bytes, "half");
  client.Send("more");
}

TEST(WireServer, StopsWhileScriptsWaitAndClientsAreSilent) {
  auto server = Start(Script([](Wire& wire) {
    wire.Send("x");
    wire.Wait(kForEver);
  }));
  RawClient silent(server->bound_addresses().front());
  RawClient waiting(server->bound_addresses().front());
  waiting.Send(kGet);
  EXPECT_EQ(waiting.Receive(1).bytes, "x");
  server.reset();
  EXPECT_EQ(waiting.Receive().bytes, "");
  EXPECT_EQ(silent.Receive().bytes, "");
}

TEST(WireServer, ListensOnSeveralAddressesOrOnNone) {
  const auto server = WireServer::Start({"127.0.0.1:0", "127.0.0.2:0"}, Hello).value();
  const auto& addresses = server->bound_addresses();
  ASSERT_EQ(addresses.size(), 2U);
  EXPECT_EQ(Fetch("http://" + addresses[1]).status, 200);
  const auto second = WireServer::Start({"127.0.0.1:0", addresses[0]}, Hello);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message,
            "cannot listen on " + addresses[0] + ": Address already in use");
}

}  // namespace
}  // namespace telnyx_exporter::simulator
