#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <microhttpd.h>

#include "base/gzip.h"
#include "simulator/answers.h"
#include "simulator/faults.h"

namespace telnyx_exporter::simulator {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMegabyte = 1'000'000;
constexpr std::size_t kHugeBodyMegabytes = 100;
constexpr std::size_t kGzipBombMegabytes = 1000;
// Longer than any client waits; a script ends earlier, with its client.
constexpr auto kForEver = 24h;

constexpr std::string_view kJsonHead =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n";

// The API's own answer as bytes, and where its body begins.
struct WrittenAnswer {
  std::string bytes;
  std::size_t body_begin = 0;

  /// Up to the middle of the body.
  std::string_view FirstHalf() const {
    return std::string_view(bytes).substr(0, body_begin + (bytes.size() - body_begin) / 2);
  }
};

WrittenAnswer Write(const HttpResponse& response) {
  const std::string body = response.body ? *response.body : std::string();
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status,
                                 MHD_get_reason_phrase_for(static_cast<unsigned>(response.status)));
  for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
  head += fmt::format("Content-Length: {}\r\n\r\n", body.size());
  return {.bytes = head + body, .body_begin = head.size()};
}

void Drip(Wire& wire, std::string_view bytes) {
  while (!bytes.empty() && wire.Send(bytes.substr(0, 1)) && wire.Wait(1s)) bytes.remove_prefix(1);
}

void SendWithoutEnd(Wire& wire, std::string_view bytes) {
  while (wire.Send(bytes)) {
  }
}

void SendTimes(Wire& wire, std::string_view bytes, std::size_t times) {
  for (std::size_t i = 0; i < times && wire.Send(bytes); ++i) {
  }
}

// A script that needs no answer of the API's.
template <auto kScript>
WireAnswer Run(const FaultyRequest& /*faulty*/) {
  return [](Wire& wire) { kScript(wire); };
}

// One that sends something of it: kScript(wire, answer).
template <auto kScript>
WireAnswer RunWithAnswer(const FaultyRequest& faulty) {
  return [answer = Write(faulty.api.Answer(faulty.request))](Wire& wire) { kScript(wire, answer); };
}

// Errors whose head comes and whose body does not: the status still counts.
template <auto kMake>
WireAnswer CutShort(const FaultyRequest& /*faulty*/) {
  return [answer = Write(kMake())](Wire& wire) { wire.Send(answer.FirstHalf()); };
}

HttpResponse RateLimited() {
  HttpResponse response = TooManyRequests();
  response.headers.emplace_back("Retry-After", "2");
  return response;
}

void ResetInBody(Wire& wire, const WrittenAnswer& answer) {
  wire.Send(answer.FirstHalf());
  wire.Reset();
}

void DripBody(Wire& wire, const WrittenAnswer& answer) {
  const std::string_view bytes = answer.bytes;
  if (wire.Send(bytes.substr(0, answer.body_begin))) Drip(wire, bytes.substr(answer.body_begin));
}

void HalfClose(Wire& wire) {
  wire.EndSending();
  wire.Wait(kForEver);
}

void SendHeadersWithoutEnd(Wire& wire) {
  if (wire.Send(kJsonHead)) SendWithoutEnd(wire, "X-Filler: " + std::string(100, 'x') + "\r\n");
}

void SendHeaderLineWithoutEnd(Wire& wire) {
  if (wire.Send(kJsonHead) && wire.Send("X-Filler: ")) {
    SendWithoutEnd(wire, std::string(1000, 'x'));
  }
}

void SendHugeBody(Wire& wire) {
  const auto head =
      fmt::format("{}Content-Length: {}\r\n\r\n", kJsonHead, kHugeBodyMegabytes * kMegabyte);
  if (wire.Send(head)) SendTimes(wire, std::string(kMegabyte, ' '), kHugeBodyMegabytes);
}

void SendGzipBomb(Wire& wire) {
  // A gzip file may be several files, one after the other.
  const std::string part = Gzip(std::string(kMegabyte, ' '), GzipLevel::kSmall);
  const auto head = fmt::format("{}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", kJsonHead,
                                part.size() * kGzipBombMegabytes);
  if (wire.Send(head)) SendTimes(wire, part, kGzipBombMegabytes);
}

constexpr std::array kWireFaults = {
    Fault{"reset", "resets the connection instead of answering",
          Run<[](Wire& wire) { wire.Reset(); }>},
    Fault{"reset_body", "resets the connection in the middle of the body",
          RunWithAnswer<ResetInBody>},
    Fault{"close", "closes the connection instead of answering", Run<[](Wire& /*wire*/) {}>},
    Fault{"close_body", "closes the connection in the middle of the body",
          RunWithAnswer<[](Wire& wire, const auto& answer) { wire.Send(answer.FirstHalf()); }>},
    Fault{"cut_401", "closes the connection in the middle of a 401's body", CutShort<KeyRefused>},
    Fault{"cut_404", "closes the connection in the middle of a 404's body", CutShort<NotFound>},
    Fault{"cut_429", "closes the connection in the middle of a 429's body", CutShort<RateLimited>},
    Fault{"reset_503", "resets the connection in the middle of a 503's body",
          Run<[](Wire& wire) { ResetInBody(wire, Write(HtmlAnswer(503))); }>},
    Fault{"half_close", "ends its side of the connection and never answers", Run<HalfClose>},
    Fault{"blackhole", "takes the request and never answers",
          Run<[](Wire& wire) { wire.Wait(kForEver); }>},
    Fault{"slow_loris", "answers a byte a second from the status line on",
          RunWithAnswer<[](Wire& wire, const auto& answer) { Drip(wire, answer.bytes); }>},
    Fault{"slow_body", "answers a byte a second from the body on", RunWithAnswer<DripBody>},
    Fault{"not_http", "answers in another protocol",
          Run<[](Wire& wire) { wire.Send("SSH-2.0-OpenSSH_9.2\r\n"); }>},
    Fault{"endless_headers", "sends header lines without end", Run<SendHeadersWithoutEnd>},
    Fault{"endless_header_line", "sends one header line without end",
          Run<SendHeaderLineWithoutEnd>},
    Fault{"huge_body", "sends a body of 100 MB", Run<SendHugeBody>},
    Fault{"gzip_bomb", "sends 1 MB of gzip that holds 1 GB", Run<SendGzipBomb>},
};

}  // namespace

std::span<const Fault> WireFaults() { return kWireFaults; }

}  // namespace telnyx_exporter::simulator
