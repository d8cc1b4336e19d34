#pragma once

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "http/transport.h"

namespace telnyx_exporter {

/// A network in the test's hands: requests wait in `pending` until the test answers them.
class FakeTransport final : public Transport {
 public:
  struct Pending {
    RequestId id;
    Request request;
    ExchangeCallback done;
  };

  RequestId Send(Request request, ExchangeCallback done) override {
    sent.push_back(request.target);
    pending.push_back({++last_id_, std::move(request), std::move(done)});
    return last_id_;
  }
  void Cancel(RequestId id) override {
    cancelled += std::erase_if(pending, [id](const Pending& request) { return request.id == id; });
  }
  void Run(Duration at_most) override {
    if (on_run) on_run(at_most);
  }
  void Wake() override { ++wakes; }

  /// Answers the oldest waiting request.
  void Answer(int status, std::string_view body, ResponseHeaders headers = {}) {
    std::string padded(body);
    padded.reserve(padded.size() + kBodyPadding);
    Take().done(Exchange{
        .result = Response{.status = status, .headers = std::move(headers), .body = padded},
        .elapsed = std::chrono::milliseconds(40),
        .body_bytes = padded.size()});
  }
  /// Fails the oldest waiting request.
  void Fail(TransportError::Kind kind, std::string message = "made-up failure") {
    Take().done(Exchange{.result = std::unexpected(TransportError{kind, std::move(message)}),
                         .elapsed = std::chrono::milliseconds(40)});
  }

  std::vector<Pending> pending;
  std::vector<std::string> sent;  // every target, in the order of sending
  std::size_t cancelled = 0;
  int wakes = 0;
  std::function<void(Duration)> on_run;

 private:
  Pending Take() {
    if (pending.empty()) throw std::logic_error("no request is waiting for an answer");
    Pending request = std::move(pending.front());
    pending.erase(pending.begin());
    return request;
  }

  RequestId last_id_ = 0;
};

}  // namespace telnyx_exporter
