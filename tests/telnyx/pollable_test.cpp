#include "telnyx/pollable.h"

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

TEST(IsPollable, HoldsForApplicationsThatControlCalls) {
  for (const char* kind : {"call_control_application", "texml_application"}) {
    EXPECT_TRUE(IsPollable({.record_type = kind, .has_webhook = true})) << kind;
    EXPECT_TRUE(IsPollable({.record_type = kind, .has_webhook = false})) << kind;
  }
}

TEST(IsPollable, HoldsForSipConnectionsWithAWebhook) {
  for (const char* kind : {"credential_connection", "ip_connection", "fqdn_connection"}) {
    EXPECT_TRUE(IsPollable({.record_type = kind, .has_webhook = true})) << kind;
    EXPECT_FALSE(IsPollable({.record_type = kind, .has_webhook = false})) << kind;
  }
}

TEST(IsPollable, DoesNotHoldForOtherKinds) {
  for (const char* kind : {"", "fax_application", "external_connection", "mobile_voice_connection",
                           "IP_CONNECTION", "something_new"}) {
    EXPECT_FALSE(IsPollable({.record_type = kind, .has_webhook = true})) << kind;
  }
}

}  // namespace
}  // namespace telnyx_exporter
