#pragma once

// The exporter's web server: the HTTP server under the rules of the web configuration file, which
// is watched while it runs.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "app/command_line.h"
#include "app/web_rules.h"
#include "app/web_rules_watch.h"
#include "base/error.h"
#include "base/log.h"
#include "web/http_server.h"

namespace telnyx_exporter {

class WebServer {
 public:
  /// Listens where the command line says and logs it. `on_refused` is told the status of each
  /// request that the rules do not let pass. The log must outlive the server.
  static Result<std::unique_ptr<WebServer>> Start(const CommandLine& command_line,
                                                  HttpHandler handler,
                                                  std::function<void(int status)> on_refused,
                                                  Log& log);

 private:
  WebServer() = default;

  void Watch(WebRulesWatch watch);

  std::unique_ptr<WebRulesLoader> loader_;  // null without a web configuration file
  std::unique_ptr<HttpServer> server_;
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread watcher_;
};

}  // namespace telnyx_exporter
