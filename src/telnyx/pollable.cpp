#include "telnyx/pollable.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace telnyx_exporter {
namespace {

constexpr std::array<std::string_view, 2> kApplications = {"call_control_application",
                                                           "texml_application"};
constexpr std::array<std::string_view, 3> kSipConnections = {"credential_connection",
                                                             "fqdn_connection", "ip_connection"};

bool IsOneOf(std::string_view record_type, std::span<const std::string_view> kinds) {
  return std::ranges::find(kinds, record_type) != kinds.end();
}

}  // namespace

bool IsPollable(const ListedConnection& connection) {
  return IsOneOf(connection.record_type, kApplications) ||
         (connection.has_webhook && IsOneOf(connection.record_type, kSipConnections));
}

}  // namespace telnyx_exporter
