"""The exporter survives everything that a network and an API can do to it.

One run drives every fault of the simulator, and those that only real parts can make, through the
exporter: all is well, the faults come, the faults go. Each test judges one row of what was seen.
docs/reliability.md holds the rows as a table; this rewrites it when all tests pass:

    fault_matrix_test.py --write-docs
"""

import os
import re
import sys
import tempfile
import unittest

from fault_rows import ELSEWHERE, FAILING, HARMLESS, harness_rows
from fault_scenario import CALLS_OF_A_CONNECTION, Scenario, labels_of
from harness import API_KEY, SANITIZED, fetch

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs",
                        "reliability.md")
BEGIN, END = "<!-- fault matrix: begin -->\n", "<!-- fault matrix: end -->\n"
WRITE_DOCS = "--write-docs" in sys.argv
MEMORY_LIMIT = 64 * 1024  # KiB, of an exporter's whole life
# Of the bodies that the faults answer with.
BODY_FRAGMENTS = ["We will be back soon", "Simulated maintenance", "<h1>We", '"data":', '"errors":',
                  '"record_type":"call"', "X-Filler", "AAAAAAAA"]


class FaultMatrixTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="telnyx_exporter_e2e_")
        cls.addClassCleanup(directory.cleanup)
        cls.scenario = Scenario(directory.name)
        cls.addClassCleanup(cls.scenario.stop)

    def find(self, name):
        if name in self.scenario.skipped:
            self.skipTest(self.scenario.skipped[name])
        return next((watch, row) for watch in self.scenario.watches for row in watch.rows
                    if row.name == name)

    def check_row(self, name):
        watch, row = self.find(name)
        self.assertNotIn(name, self.scenario.missed, self.scenario.missed.get(name))
        # What was shown: at no moment anything but the whole truth, and nothing past its time.
        self.assertEqual([seen for of, seen in watch.violations if of == name], [])
        self.check_counters(watch, row)
        if row.reason is not None:
            self.check_log(watch, row)
            self.check_recovery(watch, row)

    def check_counters(self, watch, row):
        broken, end = self.scenario.broken, self.scenario.end
        failures = {c.name: end.failures(c) for c in row.connections}
        reasons = end.reasons(watch, row)
        self.assertEqual(sum(reasons.values()), sum(failures.values()))
        if row.reason is None:
            self.assertEqual(reasons, {})
            return
        self.assertEqual(list(broken.reasons(watch, row)), [row.reason])
        self.assertGreaterEqual(reasons.pop(row.reason), 2 * len(row.victims))
        if row.may_time_out_at_its_end:
            self.assertLessEqual(reasons.pop("timeout", 0), len(row.victims))
        self.assertEqual(reasons, {})
        for connection in row.connections:
            if not connection.victim:
                self.assertEqual(failures[connection.name], 0)

    def check_log(self, watch, row):
        log = watch.exporter.log()
        for c in row.victims:
            self.assertRegex(log, row.log_pattern(c))
            self.assertRegex(log, row.recovery_log_pattern(c))

    def check_recovery(self, watch, row):
        mended = self.scenario.mended
        for c in row.victims:
            recovered = self.scenario.recovered[c.id]
            if row.refusal is None:
                # One poll may have been under way when the fault went.
                self.assertLessEqual(recovered.failures(c) - mended.failures(c), 1)
                continue
            # The wait doubles with each refusal; another account's polls are the clock.
            refusals = int(watch.account_value("telnyx_api_requests_total", row,
                                               code=row.refusal))
            clock = self.find("wrong_total")[1].connections[-1]
            intervals = recovered.polls(clock) - mended.polls(clock)
            self.assertLessEqual(intervals, 2 ** refusals + 2)

    def test_every_fault_of_the_simulator_has_a_row(self):
        self.assertEqual({fault["name"] for fault in self.scenario.simulator_faults},
                         set(FAILING) | set(HARMLESS) | ELSEWHERE)
        self.assertGreater(min(c.truth["legs"] for row in self.scenario.rows
                               for c in row.connections), CALLS_OF_A_CONNECTION / 2)

    def test_a_wrong_total_is_counted(self):
        watch, row = self.find("wrong_total")
        first, later, bystander = row.connections
        broken = self.scenario.broken.samples(watch)
        for c in (first, later):
            labels = labels_of(row, c)
            self.assertEqual(broken["telnyx_reported_active_calls", labels], c.truth["legs"] + 7)
            self.assertGreaterEqual(broken["telnyx_poll_item_mismatches_total", labels], 3)
        self.assertEqual(watch.value("telnyx_poll_item_mismatches_total", row, bystander), 0)

    def test_an_ignored_limit_makes_fewer_pages(self):
        watch, row = self.find("ignored_limit")
        key = ("telnyx_connection_poll_pages", labels_of(row, row.connections[0]))
        self.assertGreaterEqual(self.scenario.well.samples(watch)[key], 2)
        self.assertEqual(self.scenario.broken.samples(watch)[key], 1)

    def test_rate_limit_headers_are_shown(self):
        watch, row = self.find("rate_limited")
        account = frozenset({"account": row.name}.items())
        broken = self.scenario.broken.samples(watch)
        self.assertEqual(broken["telnyx_api_rate_limit_limit", account], 10)
        self.assertEqual(broken["telnyx_api_rate_limit_remaining", account], 0)

    def test_walks_went_on_behind_goaway(self):
        _, row = self.find("goaway")
        requests = self.scenario.nginx.walks(row.server)
        continued = {connection for connection, before, uri in requests
                     if before == 0 and "after" in uri}
        self.assertGreaterEqual(len(continued), 3)

    def test_the_key_never_follows_a_redirect(self):
        self.assertEqual(self.scenario.eavesdropper.requests, [])

    @unittest.skipIf(SANITIZED, "a sanitizer needs memory itself")
    def test_memory_is_bounded(self):
        for watch in self.scenario.watches:
            with open(f"/proc/{watch.exporter.process.pid}/status", encoding="ascii") as status:
                peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))
            self.assertLess(peak, MEMORY_LIMIT)

    def test_nothing_secret_is_said(self):
        self.assertGreater(len(self.scenario.secrets), 10 * CALLS_OF_A_CONNECTION)
        for watch in self.scenario.watches:
            pages = [fetch(watch.exporter.url + path)[2].decode()
                     for path in ("/", "/config", "/-/ready", "/x")]
            said = "\n".join([watch.exporter.log(), *watch.said, *pages])
            self.assertIn("poll failed", said)
            for fragment in (API_KEY, "v3:", "client_state", *BODY_FRAGMENTS):
                self.assertNotIn(fragment, said)
            words = set(re.findall(r"[A-Za-z0-9+/=_:-]{20,}", said))
            self.assertEqual(words & self.scenario.secrets, set())

    @unittest.skipIf(WRITE_DOCS, "it is being written")
    def test_the_document_holds_these_rows(self):
        with open(DOCUMENT, encoding="utf-8") as file:
            self.assertIn(BEGIN + table_of(self.scenario.rows) + END, file.read(),
                          "rewrite it with fault_matrix_test.py --write-docs")


def table_of(rows):
    return ("| fault | what happens | numbers meanwhile | reason | recovery |\n"
            "|---|---|---|---|---|\n" + "".join(row.document() for row in rows))


def write_document(rows):
    with open(DOCUMENT, encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN)
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + table_of(rows) + END + rest.split(END)[1])


def add_row_test(name):
    setattr(FaultMatrixTest, f"test_row_{name}", lambda self: self.check_row(name))


for row_name in [*FAILING, *HARMLESS, *(row.name for row in harness_rows())]:
    add_row_test(row_name)

if __name__ == "__main__":
    program = unittest.main(argv=[argument for argument in sys.argv if argument != "--write-docs"],
                            exit=not WRITE_DOCS)
    if not program.result.wasSuccessful():
        sys.exit(1)
    write_document(FaultMatrixTest.scenario.rows)
