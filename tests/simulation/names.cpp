#include "simulation/names.h"

#include <charconv>

#include <fmt/format.h>

#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

constexpr std::size_t kNumberDigits = 6;

std::uint32_t NumberAfter(std::string_view text, std::string_view prefix) {
  std::uint32_t number = 0;
  Require(text.starts_with(prefix), "a request goes to no simulated server");
  text.remove_prefix(prefix.size());
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::string AccountName(std::uint32_t account) { return fmt::format("account-{}", account); }

Endpoint MakeEndpoint(EndpointPlace place) {
  return {.base_url = fmt::format("https://{}.example/v2", place.server),
          .api_key = Secret(fmt::format("KEY{}.{}", place.account, place.key))};
}

EndpointPlace PlaceOf(const Endpoint& endpoint) {
  const std::string_view key = endpoint.api_key.reveal();
  return {.server = NumberAfter(endpoint.base_url, "https://"),
          .account = NumberAfter(key, "KEY"),
          .key = NumberAfter(key.substr(key.find('.')), ".")};
}

std::string ConnectionId(std::uint32_t account, std::uint32_t connection) {
  if (connection % 5 == 4) return fmt::format("a/b c%\"ä\\{}-{:06}", account, connection);
  return fmt::format("12933842610{:02}{:06}", account, connection);
}

std::uint32_t ConnectionNumber(std::string_view id) {
  Require(id.size() > kNumberDigits, "a request for no simulated connection");
  return NumberAfter(id.substr(id.size() - kNumberDigits), "");
}

}  // namespace telnyx_exporter::simulation
