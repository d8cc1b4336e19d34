#pragma once

#include <string>

#include "simulator/api.h"
#include "simulator/fault_rules.h"
#include "simulator/wire.h"

namespace telnyx_exporter::simulator {

/// The API as its clients meet it: each request gets the API's answer, unless a fault that is
/// switched on strikes. Any thread.
class FaultyApi {
 public:
  /// Both outlive this object. `redirect_target` is where redirects lead to: "http://HOST:PORT".
  FaultyApi(Api& api, FaultRules& rules, std::string redirect_target);

  WireAnswer Answer(const HttpRequest& request);

 private:
  Api& api_;
  FaultRules& rules_;
  const std::string redirect_target_;
};

}  // namespace telnyx_exporter::simulator
