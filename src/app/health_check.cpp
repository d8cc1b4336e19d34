#include "app/health_check.h"

#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "app/web_server.h"
#include "http/curl_transport.h"

namespace telnyx_exporter {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(5);
constexpr std::size_t kMostBytes = std::size_t{64} * 1024;

Result<std::shared_ptr<const AccessRules>> LoadRules(const std::string& web_config_file) {
  if (web_config_file.empty()) return std::make_shared<const AccessRules>();
  const WebRulesAttempt attempt = LoadWebRules(web_config_file);
  if (!attempt.outcome) {
    return Fail(FormatConfigMessage(web_config_file, attempt.outcome.error().front()));
  }
  return attempt.outcome->rules;
}

// What the answer says. A refusal under these rules is a sign of life, but says nothing of
// readiness.
Result<void> OutcomeOf(int status, const AccessRules& rules, bool asked_for_readiness) {
  if (status == 200) return {};
  const bool refused =
      (status == 401 && !rules.users.empty()) || (status == 429 && rules.request_limit.has_value());
  if (refused && !asked_for_readiness) return {};
  if (refused) {
    return Fail(
        fmt::format("answered {}: --web.probes-without-auth lets readiness be asked", status));
  }
  return Fail(fmt::format("answered {}", status));
}

Result<void> AskExporter(const CommandLine& command_line, const Clock& clock) {
  const auto loaded = LoadRules(command_line.web_config_file);
  if (!loaded) return std::unexpected(loaded.error());
  const AccessRules& rules = **loaded;
  const bool ready = command_line.healthcheck == HealthCheck::kReady;
  const std::string& address = command_line.listen_addresses.front();
  if (!address.contains(':')) return Fail(fmt::format("\"{}\" is not an address", address));

  CurlTransport transport(clock, {});
  std::optional<Result<void>> outcome;
  const auto endpoint = std::make_shared<const Endpoint>(Endpoint{
      .base_url =
          fmt::format("{}://{}", rules.tls == nullptr ? "http" : "https", LocalAddress(address)),
      // Nothing that is secret goes there, and the certificate names another host.
      .insecure_skip_verify = true});
  transport.Send({.endpoint = endpoint,
                  .target = ready ? "/-/ready" : "/-/healthy",
                  .connect_timeout = kTimeout,
                  .timeout = kTimeout,
                  .max_body_bytes = kMostBytes},
                 [&](const Exchange& exchange) {
                   if (!exchange.result) {
                     outcome = Fail(exchange.result.error().message);
                   } else {
                     outcome = OutcomeOf(exchange.result->status, rules, ready);
                   }
                 });
  while (!outcome) transport.Run(kTimeout);
  return std::move(*outcome);
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
