#include "http/curl_transport.h"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <curl/curl.h>
#include <malloc.h>

#include "base/secret.h"
#include "http/curl_endpoint.h"
#include "http/curl_transfer.h"
#include "http/response.h"

namespace telnyx_exporter {

namespace {

// curl's memory is wiped when it is freed: the requests that it composes hold API keys.
void FreeWiped(void* memory) {
  if (memory != nullptr) WipeMemory(memory, malloc_usable_size(memory));
  std::free(memory);
}

void* ReallocateWiped(void* memory, std::size_t size) {
  if (memory == nullptr) return std::malloc(size);
  void* const moved = std::malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, std::min(size, malloc_usable_size(memory)));
  FreeWiped(memory);
  return moved;
}

}  // namespace

/// Owner of curl's multi handle. Its errors are faults of this program, so they are exceptions.
class CurlMulti {
 public:
  explicit CurlMulti(std::size_t max_connections) {
    // Once in a process and never undone: look-ups of names may outlive the transport and still use
    // it.
    static std::once_flag initialised;
    std::call_once(initialised, [] {
      // curl would write the keys of every TLS session to the file that it names.
      unsetenv("SSLKEYLOGFILE");
      if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, FreeWiped, ReallocateWiped, strdup,
                               std::calloc) != CURLE_OK) {
        throw std::runtime_error("curl cannot be initialised");
      }
    });
    handle_.reset(curl_multi_init());
    if (!handle_) throw std::runtime_error("curl cannot make a multi handle");
    SetMaxConnections(max_connections);
  }

  void SetMaxConnections(std::size_t count) {
    const long connections = static_cast<long>(std::min<std::size_t>(count, INT_MAX));
    Check(curl_multi_setopt(handle_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, connections));
    Check(curl_multi_setopt(handle_.get(), CURLMOPT_MAXCONNECTS, connections));
  }

  void Add(CURL* handle) { Check(curl_multi_add_handle(handle_.get(), handle)); }
  void Remove(CURL* handle) { Check(curl_multi_remove_handle(handle_.get(), handle)); }

  void Perform() {
    int running = 0;
    Check(curl_multi_perform(handle_.get(), &running));
  }
  void Wait(Duration at_most) {
    // Rounded up, or the last millisecond would be spent turning in circles.
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
    const auto timeout = static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, INT_MAX));
    Check(curl_multi_poll(handle_.get(), nullptr, 0, timeout, nullptr));
  }
  void Wake() { Check(curl_multi_wakeup(handle_.get())); }

  struct Finished {
    CURL* handle = nullptr;
    CURLcode code = CURLE_OK;
  };
  /// The next transfer that curl is done with; no handle when there is none.
  Finished NextFinished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(handle_.get(), &left)) {
      if (message->msg == CURLMSG_DONE) return {message->easy_handle, message->data.result};
    }
    return {};
  }

 private:
  struct CleanUp {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
  };

  static void Check(CURLMcode code) {
    if (code != CURLM_OK) throw std::runtime_error(curl_multi_strerror(code));
  }

  std::unique_ptr<CURLM, CleanUp> handle_;
};

CurlTransport::CurlTransport(const Clock& clock)
    : clock_(clock),
      multi_(std::make_unique<CurlMulti>(kFirstMaxConnections)),
      bodies_(std::make_unique<ResponseBodyPool>()) {}

CurlTransport::~CurlTransport() {
  while (!active_.empty()) Remove(active_.begin()->first);
}

RequestId CurlTransport::Send(Request request, ExchangeCallback done) {
  if (!request.target.starts_with('/')) {
    throw std::invalid_argument("a request's target must begin with a slash");
  }
  auto endpoint = PreparedEndpoint(request.endpoint);
  auto transfer = IdleTransfer(endpoint);
  const RequestId id = ++last_id_;
  transfer->Begin(id, std::move(request), std::move(done), std::move(endpoint), clock_.Now());
  multi_->Add(transfer->handle());
  active_.emplace(id, std::move(transfer));
  return id;
}

void CurlTransport::Cancel(RequestId id) {
  if (auto transfer = Remove(id)) Recycle(std::move(transfer));
}

void CurlTransport::Run(Duration at_most) {
  const Instant start = clock_.Now();
  const Instant end = at_most > Instant::max() - start ? Instant::max() : start + at_most;
  for (;;) {
    multi_->Perform();
    const std::size_t ended = CompleteFinished() + CompleteOverdue();
    const bool woken = woken_.exchange(false);
    const Instant now = clock_.Now();
    if (ended > 0 || woken || now >= end) return;
    multi_->Wait(std::min(end, NextDeadline()) - now);
  }
}

void CurlTransport::Wake() {
  woken_ = true;
  multi_->Wake();
}

void CurlTransport::SetMaxConnections(std::uint32_t count) { multi_->SetMaxConnections(count); }

std::shared_ptr<CurlEndpoint> CurlTransport::PreparedEndpoint(
    const std::shared_ptr<const Endpoint>& endpoint) {
  const auto known = endpoints_.find(endpoint.get());
  if (known != endpoints_.end() && known->second->IsFor(endpoint)) return known->second;
  auto prepared = std::make_shared<CurlEndpoint>(endpoint);
  endpoints_.insert_or_assign(endpoint.get(), prepared);
  // A new endpoint mostly means a new configuration, in which old ones have gone.
  ForgetExpiredEndpoints();
  return prepared;
}

std::unique_ptr<CurlTransfer> CurlTransport::IdleTransfer(
    const std::shared_ptr<CurlEndpoint>& endpoint) {
  if (idle_.empty()) return std::make_unique<CurlTransfer>(clock_, *bodies_);
  // One that has the endpoint's options already, or else the one idle for longest.
  const auto same = std::ranges::find_if(idle_.rbegin(), idle_.rend(), [&](const auto& transfer) {
    return transfer->endpoint() == endpoint;
  });
  const auto chosen = same == idle_.rend() ? idle_.begin() : std::prev(same.base());
  auto transfer = std::move(*chosen);
  idle_.erase(chosen);
  return transfer;
}

std::unique_ptr<CurlTransfer> CurlTransport::Remove(RequestId id) {
  auto node = active_.extract(id);
  if (node.empty()) return nullptr;
  auto transfer = std::move(node.mapped());
  multi_->Remove(transfer->handle());
  return transfer;
}

void CurlTransport::Recycle(std::unique_ptr<CurlTransfer> transfer) {
  transfer->Reset();
  const bool expired = transfer->endpoint()->expired();
  idle_.push_back(std::move(transfer));
  if (expired) ForgetExpiredEndpoints();
}

void CurlTransport::ForgetExpiredEndpoints() {
  for (const auto& transfer : idle_) {
    if (transfer->endpoint() && transfer->endpoint()->expired()) transfer->ForgetEndpoint();
  }
  std::erase_if(endpoints_, [](const auto& entry) { return entry.second->expired(); });
}

std::size_t CurlTransport::CompleteFinished() {
  std::size_t ended = 0;
  for (auto finished = multi_->NextFinished(); finished.handle != nullptr;
       finished = multi_->NextFinished()) {
    auto transfer = Remove(CurlTransfer::IdOf(finished.handle));
    Exchange exchange{.result = transfer->Finish(finished.code)};
    Complete(std::move(transfer), std::move(exchange));
    ++ended;
  }
  return ended;
}

std::size_t CurlTransport::CompleteOverdue() {
  const Instant now = clock_.Now();
  // Collected first, because callbacks change what is running.
  std::vector<RequestId> overdue;
  for (const auto& [id, transfer] : active_) {
    if (transfer->deadline() <= now) overdue.push_back(id);
  }
  std::size_t ended = 0;
  for (const RequestId id : overdue) {
    auto transfer = Remove(id);
    if (!transfer) continue;
    Exchange exchange{.result = transfer->FinishOverdue()};
    Complete(std::move(transfer), std::move(exchange));
    ++ended;
  }
  return ended;
}

void CurlTransport::Complete(std::unique_ptr<CurlTransfer> transfer, Exchange exchange) {
  exchange.elapsed = clock_.Now() - transfer->sent_at();
  exchange.body_bytes = transfer->body_bytes();
  if (transfer->done()) transfer->done()(exchange);
  Recycle(std::move(transfer));
}

Instant CurlTransport::NextDeadline() const {
  Instant next = Instant::max();
  for (const auto& [id, transfer] : active_) next = std::min(next, transfer->deadline());
  return next;
}

}  // namespace telnyx_exporter
