#include "app/health_check.h"

#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "app/web_rules.h"
#include "http/curl_transport.h"

namespace telnyx_exporter {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(5);
constexpr std::size_t kMostBytes = std::size_t{64} * 1024;

Result<std::shared_ptr<const AccessRules>> LoadRules(const std::string& web_config_file) {
  if (web_config_file.empty()) return std::make_shared<const AccessRules>();
  const WebRulesAttempt attempt = WebRulesLoader(web_config_file).Load();
  if (!attempt.outcome) {
    return Fail(FormatConfigMessage(web_config_file, attempt.outcome.error().front()));
  }
  return attempt.outcome->rules;
}

// What a server under these rules answers as long as it works.
bool IsHealthy(int status, const AccessRules& rules) {
  return status == 200 || (status == 401 && !rules.users.empty()) ||
         (status == 429 && rules.request_limit.has_value());
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
  const auto loaded = LoadRules(command_line.web_config_file);
  if (!loaded) return std::unexpected(loaded.error());
  const AccessRules& rules = **loaded;
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
                  .target = "/-/healthy",
                  .connect_timeout = kTimeout,
                  .timeout = kTimeout,
                  .max_body_bytes = kMostBytes},
                 [&](const Exchange& exchange) {
                   if (!exchange.result) {
                     outcome = Fail(exchange.result.error().message);
                   } else if (const int status = exchange.result->status;
                              !IsHealthy(status, rules)) {
                     outcome = Fail(fmt::format("answered {}", status));
                   } else {
                     outcome = Result<void>();
                   }
                 });
  while (!outcome) transport.Run(kTimeout);
  return std::move(*outcome);
}

}  // namespace telnyx_exporter
