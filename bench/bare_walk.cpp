// The least that a client can do to walk all pages: curl's multi interface with the options that
// the exporter sets (src/http/curl_transfer.cpp, curl_endpoint.cpp), and a search for the next
// cursor in each body. What the exporter costs is told as a multiple of this.
//
//   bare_walk BASE_URL CONNECTIONS ROUNDS INTERVAL [CA-FILE]
//
// Walks connections 0 … CONNECTIONS-1 ROUNDS times, each round spread over INTERVAL seconds; with 0
// one after the other as fast as it can. Never more than 32 at a time. Prints for each round the
// pages, the bytes and the CPU seconds of this process (user and system).

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>
#include <sys/resource.h>

namespace {

constexpr std::size_t kAtOnce = 32;
constexpr std::string_view kCursorKey = "\"after\":\"";
// Where the page's meta begins, from its end: the cursor is not searched for among the rows.
constexpr std::size_t kTail = 1024;

using Clock = std::chrono::steady_clock;

struct Walk {
  CURL* curl = nullptr;
  std::string base;
  std::string body;
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::size_t Append(char* data, std::size_t size, std::size_t count, void* walk) {
  static_cast<Walk*>(walk)->body.append(data, size * count);
  return size * count;
}

std::string_view NextCursor(std::string_view body) {
  const std::size_t from = body.size() > kTail ? body.size() - kTail : 0;
  const std::size_t key = body.find(kCursorKey, from);
  if (key == std::string_view::npos) return {};
  const std::size_t begin = key + kCursorKey.size();
  return body.substr(begin, body.find('"', begin) - begin);
}

void Request(CURLM* multi, Walk& walk, std::string_view cursor) {
  std::string url = walk.base;
  if (!cursor.empty()) {
    url += "&page%5Bafter%5D=";
    char* escaped = curl_easy_escape(walk.curl, cursor.data(), static_cast<int>(cursor.size()));
    url += escaped;
    curl_free(escaped);
  }
  curl_easy_setopt(walk.curl, CURLOPT_URL, url.c_str());
  walk.body.clear();
  curl_multi_add_handle(multi, walk.curl);
}

struct Round {
  std::size_t pages = 0;
  std::size_t bytes = 0;
};

// The walk, if it has come to its end.
Walk* Finish(CURLM* multi, CURL* curl, Round& round) {
  Walk* walk = nullptr;
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_PRIVATE, &walk);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    std::fprintf(stderr, "bare_walk: %s answered %ld\n", walk->base.c_str(), status);
    std::exit(1);
  }
  ++round.pages;
  round.bytes += walk->body.size();
  curl_multi_remove_handle(multi, curl);
  const std::string cursor(NextCursor(walk->body));
  if (cursor.empty()) return walk;
  Request(multi, *walk, cursor);
  return nullptr;
}

// Milliseconds, for the walk that is due at `due`.
int TimeUntil(Clock::time_point due) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1000));
}

Round WalkAll(CURLM* multi, std::vector<std::unique_ptr<Walk>>& walks, const std::string& base_url,
              int connections, Clock::time_point start, Clock::duration interval) {
  std::vector<Walk*> idle;
  for (const auto& walk : walks) idle.push_back(walk.get());
  Round round;
  int begun = 0;
  const auto next_due = [&] { return start + interval * begun / connections; };
  while (begun < connections || idle.size() < walks.size()) {
    while (begun < connections && !idle.empty() && Clock::now() >= next_due()) {
      Walk& walk = *idle.back();
      idle.pop_back();
      walk.base =
          base_url + "/connections/" + std::to_string(begun) + "/active_calls?page%5Blimit%5D=250";
      ++begun;
      Request(multi, walk, {});
    }
    int running = 0;
    curl_multi_perform(multi, &running);
    bool ended = false;
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      if (message->data.result != CURLE_OK) {
        std::fprintf(stderr, "bare_walk: %s\n", curl_easy_strerror(message->data.result));
        std::exit(1);
      }
      if (Walk* walk = Finish(multi, message->easy_handle, round)) idle.push_back(walk);
      ended = true;
    }
    if (ended) continue;
    const bool may_begin = begun < connections && !idle.empty();
    curl_multi_poll(multi, nullptr, 0, may_begin ? TimeUntil(next_due()) : 1000, nullptr);
  }
  return round;
}

// The exporter's options, but for those that need its own callbacks. curl decompresses.
void SetOptions(CURL* curl, Walk& walk, const curl_slist* headers, bool https,
                const char* ca_file) {
  curl_easy_setopt(curl, CURLOPT_PRIVATE, &walk);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &walk);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "bare_walk");
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, 30L);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, 15L);
  curl_easy_setopt(curl, CURLOPT_MAXLIFETIME_CONN, 600L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
  curl_easy_setopt(curl, CURLOPT_DNS_CACHE_TIMEOUT, 10L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                   https ? long{CURL_HTTP_VERSION_2TLS} : long{CURL_HTTP_VERSION_1_1});
  curl_easy_setopt(curl, CURLOPT_PIPEWAIT, https ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  curl_easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, 300L);
  curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  if (ca_file != nullptr) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr, "usage: bare_walk BASE_URL CONNECTIONS ROUNDS INTERVAL [CA-FILE]\n");
    return 2;
  }
  const std::string base_url = argv[1];
  const int connections = std::atoi(argv[2]);
  const int rounds = std::atoi(argv[3]);
  const std::chrono::seconds interval(std::atoi(argv[4]));
  const char* const ca_file = argc == 6 ? argv[5] : nullptr;
  std::signal(SIGPIPE, SIG_IGN);  // curl leaves that to the program, by CURLOPT_NOSIGNAL
  curl_global_init(CURL_GLOBAL_ALL);
  CURLM* multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, long{kAtOnce});
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, long{kAtOnce});
  curl_slist* headers = curl_slist_append(nullptr, "Authorization: Bearer KEY_BENCH");
  headers = curl_slist_append(headers, "Accept: application/json");
  std::vector<std::unique_ptr<Walk>> walks;
  for (std::size_t i = 0; i < kAtOnce && i < static_cast<std::size_t>(connections); ++i) {
    Walk& walk = *walks.emplace_back(std::make_unique<Walk>());
    walk.curl = curl_easy_init();
    SetOptions(walk.curl, walk, headers, base_url.starts_with("https:"), ca_file);
  }
  double before = CpuSeconds();
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < rounds; ++i) {
    const Round round =
        WalkAll(multi, walks, base_url, connections, start + i * interval, interval);
    const double now = CpuSeconds();
    std::printf("pages %zu bytes %zu cpu_seconds %.6f\n", round.pages, round.bytes, now - before);
    before = now;
  }
  for (const auto& walk : walks) curl_easy_cleanup(walk->curl);
  curl_slist_free_all(headers);
  curl_multi_cleanup(multi);
  curl_global_cleanup();
}
