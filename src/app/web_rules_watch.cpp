#include "app/web_rules_watch.h"

#include <utility>

namespace telnyx_exporter {

WebRulesWatch::WebRulesWatch(WebRulesLoader& loader, const WebRulesAttempt& attempt, Apply apply,
                             Log& log)
    : loader_(loader),
      apply_(std::move(apply)),
      log_(log),
      handled_(attempt.files),
      seen_(attempt.files) {}

void WebRulesWatch::Look() {
  Files now;
  for (const FileState& file : handled_) now.push_back(StateOfFile(file.path));
  const bool settled = now == seen_;
  seen_ = std::move(now);
  if (settled && seen_ != handled_) Reload();
}

void WebRulesWatch::Reload() {
  WebRulesAttempt attempt = loader_.Load();
  handled_ = std::move(attempt.files);
  seen_ = handled_;
  if (!attempt.outcome) {
    for (const ConfigMessage& message : attempt.outcome.error()) {
      log_.Error("the web configuration is wrong, so the last good one stays",
                 {{"error", FormatConfigMessage(loader_.path(), message)}});
    }
    return;
  }
  for (const ConfigMessage& message : attempt.outcome->warnings) {
    log_.Warn("the web configuration should be different",
              {{"warning", FormatConfigMessage(loader_.path(), message)}});
  }
  if (const auto applied = apply_(attempt.outcome->rules); !applied) {
    log_.Error("the web configuration cannot be taken up, so the last one stays",
               {{"error", applied.error().message}});
    return;
  }
  const AccessRules& rules = *attempt.outcome->rules;
  log_.Info(
      "the web configuration was taken up anew",
      {{"file", loader_.path()}, {"tls", rules.tls != nullptr}, {"users", rules.users.size()}});
}

}  // namespace telnyx_exporter
