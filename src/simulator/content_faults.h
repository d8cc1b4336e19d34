#pragma once

// Faults of the answer's content: the API's own answer with its body changed or exchanged, always
// as HTTP that is in order.

#include "simulator/fault.h"

namespace telnyx_exporter::simulator {

WireAnswer SendTruncatedGzip(const FaultyRequest& faulty);
WireAnswer AnswerEmpty(const FaultyRequest& faulty);
WireAnswer AnswerTruncatedJson(const FaultyRequest& faulty);
WireAnswer AnswerInvalidUtf8(const FaultyRequest& faulty);
WireAnswer AnswerWrongTypes(const FaultyRequest& faulty);
WireAnswer AnswerHtml(const FaultyRequest& faulty);
WireAnswer AnswerNegativeDurations(const FaultyRequest& faulty);
WireAnswer AnswerWrongTotal(const FaultyRequest& faulty);

}  // namespace telnyx_exporter::simulator
