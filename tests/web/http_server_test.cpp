#include "web/http_server.h"

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_client.h"
#include "support/raw_client.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

std::unique_ptr<HttpServer> Start(HttpHandler handler,
                                  std::vector<std::string> addresses = {"127.0.0.1:0"}) {
  auto server = HttpServer::Start({.listen_addresses = std::move(addresses)}, std::move(handler));
  if (!server) throw std::runtime_error(server.error().message);
  return std::move(*server);
}

std::string UrlOf(const HttpServer& server, std::size_t index = 0) {
  return "http://" + server.bound_addresses().at(index);
}

HttpResponse Hello(const HttpRequest&) { return TextResponse(200, "hello\n"); }

// Sends bytes as they are and reads until the server closes.
std::string Raw(const HttpServer& server, const std::string& bytes) {
  RawClient client(server.bound_addresses().front());
  client.Send(bytes);
  return client.ReadToEnd();
}

TEST(HttpServer, AnswersGet) {
  const auto server = Start(Hello);
  const ClientResponse response = Fetch(UrlOf(*server) + "/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello\n");
  EXPECT_EQ(response.headers.at("content-type"), "text/plain; charset=utf-8");
}

// With one thread for more requests than that: none of them keeps it.
TEST(HttpServer, KeepsNoThreadForAnswersThatComeLater) {
  constexpr int kClients = 5;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<AnswerRequest> waiting;  // guarded by mutex
  const auto handler = [&](const HttpRequest& request) {
    if (request.path() != "/later") return Hello(request);
    return HttpResponse{.later = [&](AnswerRequest answer) {
      const std::lock_guard lock(mutex);
      waiting.push_back(std::move(answer));
      changed.notify_one();
    }};
  };
  auto server = HttpServer::Start({.listen_addresses = {"127.0.0.1:0"}, .threads = 1}, handler);
  ASSERT_TRUE(server.has_value());
  std::vector<std::future<ClientResponse>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(
        std::async(std::launch::async, [&] { return Fetch(UrlOf(**server) + "/later", "POST"); }));
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return waiting.size() == kClients; });
  EXPECT_EQ(Fetch(UrlOf(**server) + "/").status, 200);
  for (AnswerRequest& answer : waiting) answer(TextResponse(500, "late\n"));
  for (auto& client : clients) {
    const ClientResponse response = client.get();
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body, "late\n");
  }
}

TEST(HttpServer, TakesAnAnswerThatComesAtOnceAsOneThatComesLater) {
  const auto server = Start([](const HttpRequest&) {
    return HttpResponse{.later = [](AnswerRequest answer) { answer(TextResponse(200, "now\n")); }};
  });
  EXPECT_EQ(Fetch(UrlOf(*server) + "/").body, "now\n");
}

TEST(Router, CountsAnAnswerThatComesLaterByItsOwnStatus) {
  std::vector<std::pair<std::string, int>> counted;
  Router router([&](std::string_view name, int status) { counted.emplace_back(name, status); });
  router.Add("POST", "/later", [](const HttpRequest&) {
    return HttpResponse{.later = [](AnswerRequest answer) { answer(TextResponse(500, "x")); }};
  });
  const auto server = Start([&](const HttpRequest& request) { return router.Answer(request); });
  EXPECT_EQ(Fetch(UrlOf(*server) + "/later", "POST").status, 500);
  EXPECT_THAT(counted, ElementsAre(Pair("/later", 500)));
}

TEST(HttpServer, AnswersHeadWithTheLengthAlone) {
  const auto server = Start(Hello);
  const ClientResponse response = Fetch(UrlOf(*server) + "/", "HEAD");
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.headers.at("content-length"), "6");
}

TEST(HttpServer, TellsTheHandlerWhatWasAsked) {
  const auto server = Start([](const HttpRequest& request) {
    return TextResponse(200, std::string(request.method()) + "|" + std::string(request.path()) +
                                 "|" + std::string(request.query()) + "|" +
                                 request.Query("page[limit]").value_or("none") + "|" +
                                 request.Query("absent").value_or("none") + "|" +
                                 request.Header("x-test").value_or("none"));
  });
  EXPECT_EQ(Fetch(UrlOf(*server) + "/a%20b?page%5Blimit%5D=1%2B2", "PUT", {"X-TEST: v"}).body,
            "PUT|/a b|page%5Blimit%5D=1%2B2|1+2|none|v");
}

TEST(HttpServer, ListensOnSeveralAddresses) {
  const auto server = Start(Hello, {"127.0.0.1:0", "127.0.0.2:0"});
  ASSERT_EQ(server->bound_addresses().size(), 2U);
  EXPECT_EQ(Fetch(UrlOf(*server, 0)).status, 200);
  EXPECT_EQ(Fetch(UrlOf(*server, 1)).status, 200);
}

TEST(HttpServer, ListensEverywhereWithoutAHost) {
  const auto server = Start(Hello, {":0"});
  const std::string& address = server->bound_addresses().front();
  const std::string port = address.substr(address.rfind(':'));
  EXPECT_EQ(Fetch("http://127.0.0.1" + port).status, 200);
  if (address.starts_with('[')) {
    EXPECT_EQ(Fetch("http://[::1]" + port).status, 200);
  }
}

TEST(HttpServer, RefusesAnAddressInUse) {
  const auto server = Start(Hello);
  const std::string& address = server->bound_addresses().front();
  const auto second = HttpServer::Start({.listen_addresses = {"127.0.0.1:0", address}}, Hello);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message, "cannot listen on " + address + ": Address already in use");
}

TEST(HttpServer, RefusesWhatIsNoAddress) {
  for (const std::string text : {"", "x", "1.2.3.4", "1.2.3.4:99999", "[::1", "[::1]", ":http",
                                 "::1:80", "[]:80", "127.0.0.1:-1"}) {
    const auto server = HttpServer::Start({.listen_addresses = {text}}, Hello);
    ASSERT_FALSE(server.has_value()) << text;
    EXPECT_EQ(
        server.error().message,
        "\"" + text + "\" is not an address to listen on: write HOST:PORT, [V6]:PORT or :PORT");
  }
}

TEST(HttpServer, NamesAHostThatCannotBeFound) {
  const auto server = HttpServer::Start({.listen_addresses = {"no-such-host.invalid:80"}}, Hello);
  ASSERT_FALSE(server.has_value());
  EXPECT_THAT(server.error().message, StartsWith("cannot listen on no-such-host.invalid:80: "));
}

TEST(HttpServer, SendsOneBodyToManyWithoutACopy) {
  const auto body = std::make_shared<const std::string>(2'000'000, 'x');
  {
    const auto server = Start([&](const HttpRequest&) { return HttpResponse{.body = body}; });
    std::vector<std::thread> clients;
    std::vector<bool> whole(8);
    std::mutex mutex;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      clients.emplace_back([&, i] {
        const bool same = Fetch(UrlOf(*server)).body == *body;
        const std::lock_guard lock(mutex);
        whole[i] = same;
      });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_THAT(whole, ::testing::Each(true));
  }
  EXPECT_EQ(body.use_count(), 1);
}

TEST(HttpServer, AnswersPipelinedRequests) {
  const auto server = Start(Hello);
  const std::string answer = Raw(*server,
                                 "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
                                 "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::size_t first = answer.find("hello\n");
  ASSERT_NE(first, std::string::npos);
  EXPECT_NE(answer.find("hello\n", first + 1), std::string::npos);
}

TEST(HttpServer, RefusesHeadersWithoutEnd) {
  const auto server = Start(Hello);
  const std::string answer =
      Raw(*server, "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n");
  EXPECT_EQ(answer.find("hello"), std::string::npos);
  EXPECT_EQ(Fetch(UrlOf(*server)).status, 200);
}

TEST(HttpServer, ReadsASmallRequestBodyAndRefusesALargeOne) {
  const auto server = Start(Hello);
  EXPECT_EQ(Fetch(UrlOf(*server), "POST", {}, "ignored").status, 200);
  EXPECT_EQ(
      Fetch(UrlOf(*server), "POST", {"Expect: 100-continue"}, std::string(1 << 20, 'x')).status,
      413);
}

TEST(HttpServer, SurvivesAHandlerThatThrows) {
  std::mutex mutex;
  std::vector<std::pair<std::string, int>> counted;
  const auto server = HttpServer::Start({.listen_addresses = {"127.0.0.1:0"},
                                         .on_refused =
                                             [&](std::string_view reason, int status) {
                                               const std::lock_guard lock(mutex);
                                               counted.emplace_back(reason, status);
                                             }},
                                        [](const HttpRequest& request) -> HttpResponse {
                                          if (request.path() == "/throw")
                                            throw std::runtime_error("broken");
                                          return Hello(request);
                                        });
  ASSERT_TRUE(server.has_value());
  const ClientResponse response = Fetch(UrlOf(**server) + "/throw");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, "Internal error.\n");
  EXPECT_EQ(Fetch(UrlOf(**server)).status, 200);
  const std::lock_guard lock(mutex);
  EXPECT_THAT(counted, ElementsAre(Pair("internal_error", 500)));
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.Add("GET", "/metrics", Hello);
    router_.Add("POST", "/-/reload", Hello);
    router_.Add("PUT", "/-/reload", Hello);
    server_ = Start([this](const HttpRequest& request) { return router_.Answer(request); });
  }

  ClientResponse Get(const std::string& path, const std::string& method = "GET") {
    return Fetch(UrlOf(*server_) + path, method);
  }

  std::mutex mutex_;
  std::vector<std::pair<std::string, int>> answered_;
  Router router_{[this](std::string_view handler, int status) {
    const std::lock_guard lock(mutex_);
    answered_.emplace_back(handler, status);
  }};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(RouterTest, AnswersHeadWhereGetIs) {
  EXPECT_EQ(Get("/metrics", "HEAD").status, 200);
  EXPECT_EQ(Get("/-/reload", "HEAD").status, 405);
}

TEST_F(RouterTest, Answers404ForUnknownPaths) {
  EXPECT_EQ(Get("/metrics/").status, 404);
  EXPECT_EQ(Get("/").body, "Not found.\n");
}

TEST_F(RouterTest, Answers405WithTheMethodsThatAreThere) {
  const ClientResponse response = Get("/metrics", "DELETE");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.at("allow"), "GET, HEAD");
  EXPECT_EQ(Get("/-/reload").headers.at("allow"), "POST, PUT");
}

TEST_F(RouterTest, TellsWhatItAnswered) {
  Get("/metrics");
  Get("/nothing");
  Get("/metrics", "DELETE");
  EXPECT_THAT(answered_,
              ElementsAre(Pair("/metrics", 200), Pair("other", 404), Pair("/metrics", 405)));
}

}  // namespace
}  // namespace telnyx_exporter
