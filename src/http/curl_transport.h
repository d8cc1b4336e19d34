#pragma once

// The real network: a Transport on curl's multi interface. The polling loop owns it and drives it
// from its one thread; curl moves all requests along there, and only name look-ups have threads of
// curl's own. The process must ignore SIGPIPE.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "http/transport.h"

namespace telnyx_exporter {

class CurlEndpoint;
class CurlMulti;
class CurlTransfer;
class ResponseBodyPool;

/// Open connections, idle ones included, until SetMaxConnections. Requests beyond it wait, within
/// their timeout.
inline constexpr std::size_t kFirstMaxConnections = 32;

class CurlTransport final : public Transport {
 public:
  /// `clock` outlives the transport. Throws std::runtime_error when curl cannot start.
  explicit CurlTransport(const Clock& clock);
  /// Ends all requests at once, without calling their callbacks.
  ~CurlTransport() override;

  /// Throws std::invalid_argument when the target does not begin with a slash: it could name
  /// another host.
  RequestId Send(Request request, ExchangeCallback done) override;
  void Cancel(RequestId id) override;
  void Run(Duration at_most) override;
  void Wake() override;
  void SetMaxConnections(std::uint32_t count) override;

 private:
  std::shared_ptr<CurlEndpoint> PreparedEndpoint(const std::shared_ptr<const Endpoint>& endpoint);
  std::unique_ptr<CurlTransfer> IdleTransfer(const std::shared_ptr<CurlEndpoint>& endpoint);
  /// Takes a request out of the running ones and out of curl; empty when there is none.
  std::unique_ptr<CurlTransfer> Remove(RequestId id);
  void Recycle(std::unique_ptr<CurlTransfer> transfer);
  void ForgetExpiredEndpoints();

  std::size_t CompleteFinished();
  std::size_t CompleteOverdue();
  void Complete(std::unique_ptr<CurlTransfer> transfer, Exchange exchange);
  Instant NextDeadline() const;

  // Constant after construction.
  const Clock& clock_;
  std::unique_ptr<CurlMulti> multi_;

  // Any thread.
  std::atomic<bool> woken_ = false;

  // The owning thread only. Transfers go before what they refer to.
  RequestId last_id_ = 0;
  std::unique_ptr<ResponseBodyPool> bodies_;
  std::unordered_map<const Endpoint*, std::shared_ptr<CurlEndpoint>> endpoints_;
  std::vector<std::unique_ptr<CurlTransfer>> idle_;
  std::unordered_map<RequestId, std::unique_ptr<CurlTransfer>> active_;
};

}  // namespace telnyx_exporter
