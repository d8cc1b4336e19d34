#pragma once

// Sees when the web configuration file or a certificate that it names changes, and takes the rules
// up anew. A broken state is said once and changes nothing. Looks at the files now and then instead
// of asking the kernel: that works on every file system and through every symbolic link.

#include <functional>
#include <vector>

#include "app/web_rules.h"
#include "base/error.h"
#include "base/log.h"

namespace telnyx_exporter {

class WebRulesWatch {
 public:
  /// Makes the server keep to rules.
  using Apply = std::function<Result<void>(std::shared_ptr<const AccessRules>)>;

  /// `attempt` is what the loader's last reading came to; its rules are in force. The loader and
  /// the log must outlive the watch.
  WebRulesWatch(WebRulesLoader& loader, const WebRulesAttempt& attempt, Apply apply, Log& log);

  /// Looks at the files once. Files that have changed since the last look are left alone until the
  /// next one, for somebody may be writing.
  void Look();

 private:
  using Files = std::vector<FileState>;

  void Reload();

  WebRulesLoader& loader_;
  const Apply apply_;
  Log& log_;
  Files handled_;  // the state that was taken up or refused
  Files seen_;     // at the last look
};

}  // namespace telnyx_exporter
