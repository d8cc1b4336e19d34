#pragma once

// Faults of the network and of HTTP itself: each is a script that acts on the connection's bytes.

#include "simulator/fault.h"

namespace telnyx_exporter::simulator {

WireAnswer ResetConnection(const FaultyRequest& faulty);
WireAnswer ResetInBody(const FaultyRequest& faulty);
WireAnswer CloseConnection(const FaultyRequest& faulty);
WireAnswer CloseInBody(const FaultyRequest& faulty);
WireAnswer HalfClose(const FaultyRequest& faulty);
WireAnswer NeverAnswer(const FaultyRequest& faulty);
WireAnswer DripHead(const FaultyRequest& faulty);
WireAnswer DripBody(const FaultyRequest& faulty);
WireAnswer AnswerOtherProtocol(const FaultyRequest& faulty);
WireAnswer SendHeadersWithoutEnd(const FaultyRequest& faulty);
WireAnswer SendHeaderLineWithoutEnd(const FaultyRequest& faulty);
WireAnswer SendHugeBody(const FaultyRequest& faulty);
WireAnswer SendGzipBomb(const FaultyRequest& faulty);

}  // namespace telnyx_exporter::simulator
