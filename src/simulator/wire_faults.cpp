#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/gzip.h"
#include "simulator/answers.h"
#include "simulator/faults.h"
#include "simulator/wire_http.h"

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
  WrittenAnswer written{.bytes = FormatResponseHead(response, true)};
  written.body_begin = written.bytes.size();
  if (response.body) written.bytes += *response.body;
  return written;
}

WrittenAnswer WriteAnswer(const FaultyRequest& faulty) {
  return Write(faulty.api.Answer(faulty.request));
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

WireAnswer ResetConnection(const FaultyRequest& /*faulty*/) {
  return [](Wire& wire) { wire.ResetAtEnd(); };
}

WireAnswer ResetInBody(const FaultyRequest& faulty) {
  return [answer = WriteAnswer(faulty)](Wire& wire) {
    wire.Send(answer.FirstHalf());
    wire.ResetAtEnd();
  };
}

WireAnswer CloseConnection(const FaultyRequest& /*faulty*/) {
  return [](Wire& /*wire*/) {};
}

WireAnswer CloseInBody(const FaultyRequest& faulty) {
  return [answer = WriteAnswer(faulty)](Wire& wire) { wire.Send(answer.FirstHalf()); };
}

// Errors whose head comes and whose body does not: the status still counts.
WireAnswer CutShort(const HttpResponse& response) {
  return [answer = Write(response)](Wire& wire) { wire.Send(answer.FirstHalf()); };
}
WireAnswer CutRefusedKeyShort(const FaultyRequest& /*faulty*/) { return CutShort(KeyRefused()); }
WireAnswer CutNotFoundShort(const FaultyRequest& /*faulty*/) { return CutShort(NotFound()); }
WireAnswer CutRateLimitShort(const FaultyRequest& /*faulty*/) {
  HttpResponse response = TooManyRequests();
  response.headers.emplace_back("Retry-After", "2");
  return CutShort(response);
}
WireAnswer ResetInError(const FaultyRequest& /*faulty*/) {
  return [answer = Write(HtmlAnswer(503))](Wire& wire) {
    wire.Send(answer.FirstHalf());
    wire.ResetAtEnd();
  };
}

WireAnswer HalfClose(const FaultyRequest& /*faulty*/) {
  return [](Wire& wire) {
    wire.EndSending();
    wire.Wait(kForEver);
  };
}

WireAnswer NeverAnswer(const FaultyRequest& /*faulty*/) {
  return [](Wire& wire) { wire.Wait(kForEver); };
}

WireAnswer DripHead(const FaultyRequest& faulty) {
  return [answer = WriteAnswer(faulty)](Wire& wire) { Drip(wire, answer.bytes); };
}

WireAnswer DripBody(const FaultyRequest& faulty) {
  return [answer = WriteAnswer(faulty)](Wire& wire) {
    const std::string_view bytes = answer.bytes;
    if (wire.Send(bytes.substr(0, answer.body_begin))) Drip(wire, bytes.substr(answer.body_begin));
  };
}

WireAnswer AnswerOtherProtocol(const FaultyRequest& /*faulty*/) {
  return [](Wire& wire) { wire.Send("SSH-2.0-OpenSSH_9.2\r\n"); };
}

WireAnswer SendHeadersWithoutEnd(const FaultyRequest& /*faulty*/) {
  return [](Wire& wire) {
    if (wire.Send(kJsonHead)) SendWithoutEnd(wire, "X-Filler: " + std::string(100, 'x') + "\r\n");
  };
}

WireAnswer SendHeaderLineWithoutEnd(const FaultyRequest& /*faulty*/) {
  return [](Wire& wire) {
    if (wire.Send(kJsonHead) && wire.Send("X-Filler: ")) {
      SendWithoutEnd(wire, std::string(1000, 'x'));
    }
  };
}

WireAnswer SendHugeBody(const FaultyRequest& /*faulty*/) {
  return [](Wire& wire) {
    const auto head =
        fmt::format("{}Content-Length: {}\r\n\r\n", kJsonHead, kHugeBodyMegabytes * kMegabyte);
    if (wire.Send(head)) SendTimes(wire, std::string(kMegabyte, ' '), kHugeBodyMegabytes);
  };
}

WireAnswer SendGzipBomb(const FaultyRequest& /*faulty*/) {
  return [](Wire& wire) {
    // A gzip file may be several files, one after the other.
    const std::string part = Gzip(std::string(kMegabyte, ' '), GzipLevel::kSmall);
    const auto head = fmt::format("{}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                                  kJsonHead, part.size() * kGzipBombMegabytes);
    if (wire.Send(head)) SendTimes(wire, part, kGzipBombMegabytes);
  };
}

constexpr std::array kWireFaults = {
    Fault{"reset", "resets the connection instead of answering", ResetConnection},
    Fault{"reset_body", "resets the connection in the middle of the body", ResetInBody},
    Fault{"close", "closes the connection instead of answering", CloseConnection},
    Fault{"close_body", "closes the connection in the middle of the body", CloseInBody},
    Fault{"cut_401", "closes the connection in the middle of a 401's body", CutRefusedKeyShort},
    Fault{"cut_404", "closes the connection in the middle of a 404's body", CutNotFoundShort},
    Fault{"cut_429", "closes the connection in the middle of a 429's body", CutRateLimitShort},
    Fault{"reset_503", "resets the connection in the middle of a 503's body", ResetInError},
    Fault{"half_close", "ends its side of the connection and never answers", HalfClose},
    Fault{"blackhole", "takes the request and never answers", NeverAnswer},
    Fault{"slow_loris", "answers a byte a second from the status line on", DripHead},
    Fault{"slow_body", "answers a byte a second from the body on", DripBody},
    Fault{"not_http", "answers in another protocol", AnswerOtherProtocol},
    Fault{"endless_headers", "sends header lines without end", SendHeadersWithoutEnd},
    Fault{"endless_header_line", "sends one header line without end", SendHeaderLineWithoutEnd},
    Fault{"huge_body", "sends a body of 100 MB", SendHugeBody},
    Fault{"gzip_bomb", "sends 1 MB of gzip that holds 1 GB", SendGzipBomb},
};

}  // namespace

std::span<const Fault> WireFaults() { return kWireFaults; }

}  // namespace telnyx_exporter::simulator
