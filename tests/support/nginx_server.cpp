#include "support/nginx_server.h"

#include <chrono>
#include <csignal>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/read_file.h"
#include "support/scripted_server.h"

namespace telnyx_exporter {
namespace {

constexpr const char* kProgram = "/usr/sbin/nginx";

std::string Configuration(const std::string& dir, const std::string& http_block) {
  std::ostringstream text;
  // Without a master process, nginx 1.22 crashes on inherited sockets. Its worker would be somebody
  // who may not enter the directory.
  if (geteuid() == 0) text << "user root;\n";
  text << "daemon off;\nworker_processes 1;\nerror_log " << dir << "/error.log;\npid " << dir
       << "/pid;\nevents { worker_connections 512; }\nhttp {\n"
       << "log_format short '$server_protocol $status';\naccess_log " << dir
       << "/access.log short;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text << kind << "_temp_path " << dir << "/" << kind << ";\n";
  }
  text << http_block << "\n}\n";
  return text.str();
}

}  // namespace

NginxServer::NginxServer(
    std::size_t ports,
    const std::function<std::string(const std::vector<std::string>&)>& http_block) {
  if (access(kProgram, X_OK) != 0) throw std::runtime_error("install nginx-light for this test");
  std::vector<int> sockets;
  std::vector<std::string> addresses;
  // nginx takes listening sockets over from an older nginx by their numbers in this variable.
  std::string inherited = "NGINX=";
  for (std::size_t i = 0; i < ports; ++i) {
    const LoopbackSocket listener = ListenOnLoopback();
    sockets.push_back(listener.socket);
    ports_.push_back(listener.port);
    addresses.push_back("127.0.0.1:" + std::to_string(listener.port));
    inherited += std::to_string(listener.socket) + ";";
  }
  const std::string dir = dir_.path().string();
  const std::string config = dir_.Write("nginx.conf", Configuration(dir, http_block(addresses)));
  const std::string log = dir + "/error.log";
  const char* const arguments[] = {kProgram,    "-e", log.c_str(),    "-p",
                                   dir.c_str(), "-c", config.c_str(), nullptr};
  const char* const environment[] = {inherited.c_str(), nullptr};

  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    // Only what is allowed between fork and exec of a program with threads.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (const int socket : sockets) fcntl(socket, F_SETFD, 0);
    execve(kProgram, const_cast<char* const*>(arguments), const_cast<char* const*>(environment));
    _exit(127);
  }
  for (const int socket : sockets) close(socket);
}

NginxServer::~NginxServer() { StopAtOnce(); }

void NginxServer::StopAtOnce() { Stop(SIGTERM); }

void NginxServer::Stop(int signal) {
  if (pid_ < 0) return;
  // More than once: nginx forgets a signal that comes between its handlers' installation and its
  // first wait.
  do {
    kill(pid_, signal);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  } while (waitpid(pid_, nullptr, WNOHANG) == 0);
  pid_ = -1;
}

std::string NginxServer::StopAndReadAccessLog() {
  Stop(SIGQUIT);
  return ReadFile(dir_.path() / "access.log");
}

}  // namespace telnyx_exporter
