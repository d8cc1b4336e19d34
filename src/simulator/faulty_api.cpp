#include "simulator/faulty_api.h"

#include <utility>

namespace telnyx_exporter::simulator {

FaultyApi::FaultyApi(Api& api, FaultRules& rules, std::string redirect_target)
    : api_(api), rules_(rules), redirect_target_(std::move(redirect_target)) {}

WireAnswer FaultyApi::Answer(const HttpRequest& request) {
  FaultTarget target = TargetOf(request);
  target.account = api_.AccountName(request);
  target.now = api_.Now();
  const auto drawn = rules_.Draw(target);
  if (!drawn) return api_.Answer(request);
  return drawn->fault->answer({.request = request,
                               .api = api_,
                               .random = drawn->random,
                               .redirect_target = redirect_target_});
}

}  // namespace telnyx_exporter::simulator
