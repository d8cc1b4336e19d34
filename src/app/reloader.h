#pragma once

// Puts a configuration into force while the exporter runs: the whole file at SIGHUP and POST
// /-/reload, the API keys and CA files alone when one of these changes. A new configuration is
// checked whole first; what is refused changes nothing, and the key files of the one in force stay
// watched. The main loop owns it; config() and load_state() are for any thread.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/load_plan.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "config/config.h"
#include "http/transport.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

class Reloader {
 public:
  /// What the rest of the program is told, on the main thread.
  struct Events {
    /// Returns once the plan is in force; false when the exporter is stopping.
    std::function<bool(PollPlan)> put_into_force;
    /// How a reload ended.
    std::function<void(bool successful)> on_reloaded;
    /// Whether an account's key could be read when it was looked for last.
    std::function<void(const std::string& account, bool readable)> on_key_read;
  };

  /// `in_force` is in force already.
  Reloader(ConfigSource source, const Shard& shard, const LoadedPlan& in_force, const Clock& clock,
           Log& log, Events events);

  /// Loads everything again. Returns what is wrong, a line for each error; nothing when it is in
  /// force now.
  std::vector<std::string> Reload();

  /// Looks at the key and CA files once and reads them again when one has changed. An account keeps
  /// the key or the CA certificates that it has where the new ones cannot be used; the others get
  /// theirs.
  void ReloadChangedKeys();

  /// In force now.
  std::shared_ptr<const Config> config() const;
  ConfigLoadState load_state() const;
  /// Adds how the web configuration's newest reload ended.
  void NoteWebConfig(std::vector<std::string> errors);

 private:
  struct AccountKey {
    std::string account;
    std::shared_ptr<const Endpoint> endpoint;  // shared with the plan in force, so the key has
                                               // no further copy
  };

  std::vector<std::string> LoadAndUse();
  void KeepKeys(const PollPlan& plan);
  /// That of an account whose configuration `matches`; null when there is none.
  std::shared_ptr<const Endpoint> EndpointInForce(
      const std::function<bool(const AccountConfig&)>& matches) const;
  void TellReadable(const std::vector<ApiKeySource>& unreadable) const;
  void NoteReload(const std::vector<std::string>& errors, std::string origin);

  const ConfigSource source_;
  const Shard shard_;
  const Clock& clock_;
  Log& log_;
  const Events events_;

  FileWatch key_files_;
  std::vector<AccountKey> keys_;

  mutable std::mutex mutex_;
  std::shared_ptr<const Config> config_;  // guarded by mutex_
  ConfigLoadState load_state_;            // guarded by mutex_
};

}  // namespace telnyx_exporter
