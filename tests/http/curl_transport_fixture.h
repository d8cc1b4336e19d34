#pragma once

// What all tests of the curl transport share: a transport, requests with bounds that no passing
// test reaches, and outcomes that outlive the callback.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "http/curl_transport.h"

namespace telnyx_exporter {

inline constexpr std::size_t kTestBodyLimit = std::size_t{1} << 20U;

/// An Exchange, copied.
struct Outcome {
  std::optional<TransportError> error;  // without an answer, or that of an answer's body
  int status = 0;
  ResponseHeaders headers;
  std::string body;
  std::uint64_t body_bytes = 0;
  Duration elapsed{};

  std::optional<TransportError::Kind> kind() const {
    return error ? std::optional(error->kind) : std::nullopt;
  }
  std::string message() const { return error ? error->message : ""; }
};

inline Outcome CopyOf(const Exchange& exchange) {
  Outcome outcome;
  outcome.body_bytes = exchange.body_bytes;
  outcome.elapsed = exchange.elapsed;
  if (exchange.result) {
    outcome.status = exchange.result->status;
    outcome.headers = exchange.result->headers;
    outcome.body = exchange.result->body;
    outcome.error = exchange.result->body_error;
  } else {
    outcome.error = exchange.result.error();
  }
  return outcome;
}

class CurlTransportTest : public testing::Test {
 protected:
  using Kind = TransportError::Kind;

  static std::shared_ptr<const Endpoint> EndpointAt(std::string base_url) {
    return std::make_shared<const Endpoint>(
        Endpoint{.base_url = std::move(base_url), .api_key = Secret("KEY123")});
  }
  static Request RequestTo(std::shared_ptr<const Endpoint> endpoint) {
    return {.endpoint = std::move(endpoint),
            .target = "/calls",
            .connect_timeout = std::chrono::minutes(5),
            .timeout = std::chrono::minutes(5),
            .max_body_bytes = kTestBodyLimit};
  }
  static Request RequestTo(const std::string& base_url) { return RequestTo(EndpointAt(base_url)); }

  RequestId Send(Request request, std::optional<Outcome>& outcome) {
    return transport_->Send(std::move(request),
                            [&outcome](const Exchange& exchange) { outcome = CopyOf(exchange); });
  }
  /// Until something ended or somebody called Wake.
  void Run() { transport_->Run(std::chrono::minutes(5)); }
  Outcome Fetch(Request request) {
    std::optional<Outcome> outcome;
    Send(std::move(request), outcome);
    while (!outcome) Run();
    return *outcome;
  }
  void Restart(std::uint32_t max_connections) {
    transport_ = std::make_unique<CurlTransport>(clock_);
    transport_->SetMaxConnections(max_connections);
  }

  SystemClock clock_;
  std::unique_ptr<CurlTransport> transport_ = std::make_unique<CurlTransport>(clock_);
};

}  // namespace telnyx_exporter
