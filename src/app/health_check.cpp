#include "app/health_check.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/web_config.h"
#include "http/curl_transport.h"

namespace telnyx_exporter {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(5);
constexpr Duration kTimeoutOfGuess = std::chrono::seconds(1);
constexpr std::size_t kMostBytes = std::size_t{64} * 1024;

// The likelier scheme first. The exporter that runs may have been started with another
// configuration than the file holds now, and the file may be broken: that only makes it a guess.
std::vector<std::string_view> SchemesFor(const std::string& web_config_file) {
  if (web_config_file.empty()) return {"http"};
  const auto loaded = LoadWebConfigFile(web_config_file);
  if (loaded && loaded->config.tls) return {"https", "http"};
  return {"http", "https"};
}

// The status of the answer.
Result<int> Ask(std::string base_url, std::string_view path, Duration timeout, const Clock& clock) {
  CurlTransport transport(clock);
  std::optional<Result<int>> status;
  const auto endpoint = std::make_shared<const Endpoint>(
      Endpoint{.base_url = std::move(base_url),
               // Nothing that is secret goes there, and the certificate names another host.
               .insecure_skip_verify = true});
  transport.Send({.endpoint = endpoint,
                  .target = std::string(path),
                  .connect_timeout = timeout,
                  .timeout = timeout,
                  .max_body_bytes = kMostBytes},
                 [&](const Exchange& exchange) {
                   if (exchange.result) {
                     status = exchange.result->status;
                   } else {
                     status = Fail(exchange.result.error().message);
                   }
                 });
  while (!status) transport.Run(timeout);
  return std::move(*status);
}

// What the answer says. A refusal by access rules is a sign of life, but says nothing of readiness.
Result<void> OutcomeOf(int status, const CommandLine& command_line) {
  if (status == 200) return {};
  const bool refused = !command_line.web_config_file.empty() && (status == 401 || status == 429);
  if (!refused) return Fail(fmt::format("answered {}", status));
  if (command_line.healthcheck != HealthCheck::kReady) return {};
  return Fail(
      fmt::format("answered {}: --web.probes-without-auth lets readiness be asked", status));
}

Result<void> AskExporter(const CommandLine& command_line, const Clock& clock) {
  const bool ready = command_line.healthcheck == HealthCheck::kReady;
  const std::string address = LocalAddress(command_line.listen_addresses.front());
  const auto schemes = SchemesFor(command_line.web_config_file);
  // The likelier one has most of the time.
  Duration timeout = schemes.size() == 1 ? kTimeout : kTimeout - kTimeoutOfGuess;
  std::string error;  // of the likelier scheme
  for (const std::string_view scheme : schemes) {
    const auto status = Ask(fmt::format("{}://{}", scheme, address),
                            ready ? "/-/ready" : "/-/healthy", timeout, clock);
    if (status) return OutcomeOf(*status, command_line);
    if (error.empty()) error = status.error().message;
    timeout = kTimeoutOfGuess;
  }
  return Fail(std::move(error));
}

}  // namespace

std::string LocalAddress(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  const std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon);
  if (host.empty() || host == "0.0.0.0") return fmt::format("127.0.0.1{}", port);
  if (host == "[::]") return fmt::format("[::1]{}", port);
  return std::string(address);
}

Result<void> CheckHealth(const CommandLine& command_line, const Clock& clock) {
  auto outcome = AskExporter(command_line, clock);
  if (outcome) return outcome;
  return Fail(fmt::format(
      "{}: {}", command_line.healthcheck == HealthCheck::kReady ? "not ready" : "not healthy",
      outcome.error().message));
}

}  // namespace telnyx_exporter
