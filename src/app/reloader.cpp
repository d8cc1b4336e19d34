#include "app/reloader.h"

#include <utility>

#include "app/api_key.h"
#include "app/make_poll_plan.h"
#include "app/service_manager.h"
#include "config/load_config.h"

namespace telnyx_exporter {

Reloader::Reloader(std::string file, Config config, const Shard& shard, const Clock& clock,
                   Log& log, ExporterMetrics& metrics, PutIntoForce put_into_force)
    : file_(std::move(file)),
      shard_(shard),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      put_into_force_(std::move(put_into_force)),
      config_(std::make_shared<const Config>(std::move(config))),
      load_state_{.file = file_, .loaded = clock.WallNow()} {
  WatchKeyFiles(*config_);
}

std::vector<std::string> Reloader::Reload() {
  const std::lock_guard lock(reloading_);
  NotifyReloading();
  std::vector<std::string> errors = Load();
  NoteOutcome(errors);
  if (errors.empty()) {
    metrics_.NoteConfigLoaded(clock_.WallNow());
    log_.Info("configuration reloaded", {{"file", file_}});
  } else {
    metrics_.NoteConfigRefused();
    for (const std::string& error : errors) {
      log_.Error("configuration refused, the old one stays", {{"error", error}});
    }
  }
  NotifyReady();
  return errors;
}

void Reloader::NoteOutcome(const std::vector<std::string>& errors) {
  const WallTime now = clock_.WallNow();
  const std::lock_guard lock(mutex_);
  if (errors.empty()) {
    load_state_ = {.file = file_, .loaded = now};
  } else {
    load_state_.refused = now;
    load_state_.errors = errors;
  }
}

std::vector<std::string> Reloader::Load() {
  auto loaded = LoadConfigFile(file_);
  if (!loaded) {
    std::vector<std::string> errors;
    for (const ConfigMessage& message : loaded.error()) {
      errors.push_back(FormatConfigMessage(file_, message));
    }
    return errors;
  }
  for (const ConfigMessage& warning : loaded->warnings) {
    log_.Warn("configuration", {{"warning", FormatConfigMessage(file_, warning)}});
  }
  return Use(std::make_shared<const Config>(std::move(loaded->config)));
}

std::vector<std::string> Reloader::Use(std::shared_ptr<const Config> config) {
  // Before the keys are read, so that no change slips in between.
  WatchKeyFiles(*config);
  auto plan = MakePollPlan(*config, shard_,
                           [this](const ApiKeySource& source) { return ReadApiKey(source, log_); });
  if (!plan) {
    std::vector<std::string> errors;
    for (Error& error : plan.error()) errors.push_back(std::move(error.message));
    return errors;
  }
  if (!put_into_force_(std::move(*plan))) return {"the exporter is stopping"};
  const std::lock_guard lock(mutex_);
  config_ = std::move(config);
  return {};
}

void Reloader::RefreshKeys() {
  const std::lock_guard lock(reloading_);
  if (!key_files_.TakeChange()) return;
  const auto errors = Use(config());
  {
    const std::lock_guard state_lock(mutex_);
    load_state_.key_errors = errors;
  }
  if (errors.empty()) log_.Info("API keys read again");
  for (const std::string& error : errors) {
    log_.Error("API key refused, the old one stays", {{"error", error}});
  }
}

std::shared_ptr<const Config> Reloader::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

ConfigLoadState Reloader::load_state() const {
  const std::lock_guard lock(mutex_);
  return load_state_;
}

void Reloader::WatchKeyFiles(const Config& config) {
  std::vector<std::string> paths;
  for (const AccountConfig& account : config.accounts) {
    if (account.api_key.kind == ApiKeySource::Kind::kFile) paths.push_back(account.api_key.name);
  }
  key_files_.Watch(std::move(paths));
}

}  // namespace telnyx_exporter
