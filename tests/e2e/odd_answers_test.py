"""Answers that are odd but not wrong, and lists that lie."""

import re
import unittest

from harness import SANITIZED, EndToEndTest, eventually


def account(**more):
    return frozenset({"account": "default", **more}.items())


class OddAnswersTest(EndToEndTest):
    def discovering(self, api, more=""):
        return self.write("config.yml", f"poll: {{interval: 1s}}\naccounts:\n  - base_url: {api}\n"
                                        "    rate_limit: {requests_per_second: 1000, burst: 1000}\n"
                                        f"    discovery: {{enabled: true, refresh_interval: 10s{more}}}\n")

    def polls(self, samples):
        return sum(value for (name, _), value in samples.items() if name == "telnyx_polls_total")

    def test_two_replicas_a_second_apart_neither_start_nor_end_calls(self):
        simulator = self.start_simulator("--connections=1", "--active-calls=40",
                                         "--mean-duration=7200", "--daily-wave=0", "--frozen",
                                         "--fault=skewed_durations")
        exporter = self.start_exporter(self.write_config(simulator.api, simulator.truth()))
        exporter.wait_until_ready()
        samples = eventually("20 polls", lambda: next(
            (s for s in [exporter.metrics()] if self.polls(s) >= 20), None))
        for metric in ("telnyx_calls_started_total", "telnyx_completed_call_duration_seconds_count"):
            values = [value for (name, _), value in samples.items() if name == metric]
            self.assertEqual(values, [0], metric)

    def test_an_entry_that_cannot_be_used_is_left_out_and_named(self):
        simulator = self.start_simulator("--connections=5", "--fault=unusable_row")
        exporter = self.start_exporter(self.discovering(simulator.api, ", channel_limits: true"))
        exporter.wait_until_ready()
        samples = exporter.metrics()
        self.assertEqual(samples["telnyx_discovered_connections", account()], 5)
        self.assertEqual(samples["telnyx_discovery_failures_total", account()], 0)
        self.assertRegex(exporter.log(), r'unusable list entries skipped.* rows="data\[0\]')

    def test_a_list_without_end_fails_early_and_keeps_what_is_known(self):
        simulator = self.start_simulator("--connections=5")
        exporter = self.start_exporter(
            self.discovering(simulator.api, ", max_connections: 1000"))
        exporter.wait_until_ready()
        simulator.faults("POST", "endless_list")
        samples = eventually("a refresh fails", lambda: next(
            (s for s in [exporter.metrics()]
             if s["telnyx_discovery_failures_total", account()] > 0), None))
        self.assertEqual(samples["telnyx_discovered_connections", account()], 5)
        self.assertIn("too_many_connections", exporter.log())
        with open(f"/proc/{exporter.process.pid}/status", encoding="ascii") as status:
            peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))
        if not SANITIZED:
            self.assertLess(peak, 80 * 1024)


if __name__ == "__main__":
    unittest.main()
