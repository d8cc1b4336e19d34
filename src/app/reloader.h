#pragma once

// Puts a configuration into force while the exporter runs: the whole file at SIGHUP and POST
// /-/reload, the API keys and CA files alone when one of these changes. A new configuration is
// checked whole first; what is refused changes nothing, and the key files of the one in force stay
// watched. The main loop owns it; config() and load_state() are for any thread.

#include <functional>
#include <map>
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
#include "metrics/exporter_metrics.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

class Reloader {
 public:
  /// Puts a plan into force before it returns; false when the exporter is stopping.
  using PutIntoForce = std::function<bool(PollPlan)>;

  /// `in_force` is in force already. `metrics` is told how reloads end and which keys could be
  /// read.
  Reloader(ConfigSource source, const Shard& shard, const LoadedPlan& in_force, const Clock& clock,
           Log& log, ExporterMetrics& metrics, PutIntoForce put_into_force);

  /// Loads everything again. Returns what is wrong, a line for each error; nothing when it is in
  /// force now.
  std::vector<std::string> Reload();

  /// Looks at the key and CA files once and reads them again when one has changed. An account keeps
  /// the key or the CA certificates that it has where the new ones cannot be used; the others get
  /// theirs. Refused files are read again now and then, because a file system may fail for a while.
  void ReloadChangedKeys();

  /// In force now.
  std::shared_ptr<const Config> config() const;
  ConfigLoadState load_state() const;
  /// Adds how the web configuration's newest reload ended.
  void NoteWebConfig(std::vector<std::string> errors);

 private:
  /// By account. Shared with the plan in force, so that the keys have no further copy.
  using Endpoints = std::map<std::string, std::shared_ptr<const Endpoint>>;

  std::vector<std::string> LoadAndUse();
  static Endpoints EndpointsOf(const PollPlan& plan);
  /// That of an account whose configuration `matches`; null when there is none.
  std::shared_ptr<const Endpoint> EndpointInForce(
      const std::function<bool(const AccountConfig&)>& matches) const;
  void TellReadable(const std::vector<ApiKeySource>& unreadable) const;
  void NoteReload(const std::vector<std::string>& errors, std::string origin);

  const ConfigSource source_;
  const Shard shard_;
  const Clock& clock_;
  Log& log_;
  ExporterMetrics& metrics_;
  const PutIntoForce put_into_force_;

  FileWatch key_files_;
  Endpoints endpoints_;

  mutable std::mutex mutex_;
  std::shared_ptr<const Config> config_;  // guarded by mutex_
  ConfigLoadState load_state_;            // guarded by mutex_
};

}  // namespace telnyx_exporter
