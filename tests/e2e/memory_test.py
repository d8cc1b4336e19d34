"""What the exporter needs for a storm of bodies that are too large, it gives back afterwards."""

import unittest

from harness import SANITIZED, EndToEndTest, eventually

CONNECTIONS = 100  # more than requests may be under way at once
GROWTH = 8 * 1024  # KiB, of ordinary polling


@unittest.skipIf(SANITIZED, "a sanitizer keeps freed memory")
class MemoryTest(EndToEndTest):
    def resident(self, exporter):
        with open(f"/proc/{exporter.process.pid}/status", encoding="ascii") as file:
            status = dict(line.split(":", 1) for line in file)
        return int(status["VmRSS"].split()[0])

    def sum_of(self, exporter, metric):
        return sum(value for (name, _), value in exporter.metrics().items() if name == metric)

    def wait_until_up(self, exporter):
        eventually("all are up", lambda:
                   self.sum_of(exporter, "telnyx_connection_up") == CONNECTIONS)

    def test_memory_comes_back_after_bodies_that_are_too_large(self):
        simulator = self.start_simulator(f"--connections={CONNECTIONS}", "--active-calls=20000")
        exporter = self.start_exporter(self.write_config(
            simulator.api, simulator.truth(), "interval: 2s, stale_after: 6s"))
        self.wait_until_up(exporter)
        before = self.resident(exporter)
        for fault in ("huge_body", "gzip_bomb", "huge_body"):
            failures = self.sum_of(exporter, "telnyx_poll_failures_total")
            simulator.faults("POST", fault)
            eventually("polls fail", lambda enough=failures + 2 * CONNECTIONS:
                       self.sum_of(exporter, "telnyx_poll_failures_total") >= enough)
            simulator.faults("DELETE", fault)
            self.wait_until_up(exporter)
        self.assertLess(self.resident(exporter), before + GROWTH)


if __name__ == "__main__":
    unittest.main()
