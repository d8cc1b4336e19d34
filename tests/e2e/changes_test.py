"""What happens between two polls: calls that begin and end, and the peak, against the simulator's truth."""

import json
import subprocess
import unittest
import urllib.parse

from harness import (API_KEY, EXPORTER, EndToEndTest, connection_labels, eventually, fetch,
                     parse_text)

DURATIONS = "telnyx_completed_call_duration_seconds"


class ChangesTest(EndToEndTest):
    def start(self, *simulator_flags):
        self.simulator = self.start_simulator("--connections=1", "--active-calls=200",
                                              *simulator_flags)
        self.connection = self.simulator.truth()[0]
        self.labels = connection_labels(self.connection)

    def start_polling(self):
        config = self.write_config(
            self.simulator.api, [self.connection],
            "interval: 1s, stale_after: 60s, peak_window: 10m, page_limit: 50")
        self.exporter = self.start_exporter(config)
        self.exporter.wait_until_ready()

    def value(self, metric):
        return self.exporter.metrics()[metric, self.labels]

    def wait_for_polls(self, count):
        """Until that many polls have begun and ended from now on."""
        wanted = self.value("telnyx_polls_total") + count + 1
        eventually("polls", lambda: self.value("telnyx_polls_total") >= wanted)

    def active_calls(self):
        """{leg id: duration}, as the API has them while the time stands still."""
        calls = {}
        cursor = ""
        while cursor is not None:
            query = {"page[limit]": 250, **({"page[after]": cursor} if cursor else {})}
            status, _, body = fetch(
                f"{self.simulator.api}/connections/{self.connection['id']}/active_calls?"
                + urllib.parse.urlencode(query), headers={"Authorization": f"Bearer {API_KEY}"})
            self.assertEqual(status, 200, body)
            page = json.loads(body)
            calls.update((row["call_leg_id"], row["call_duration"]) for row in page["data"])
            cursor = page["meta"]["cursors"]["after"]
        return calls

    def test_counts_every_call_that_a_poll_saw(self):
        self.start()
        self.simulator.freeze()
        active = self.active_calls()
        at_first = set(active)
        truth_at_first = self.simulator.truth()[0]
        self.start_polling()
        seen = dict(active)
        most = len(active)
        for _ in range(6):
            self.simulator.advance(15)
            active = self.active_calls()
            seen.update(active)
            most = max(most, len(active))
            self.wait_for_polls(1)
        self.wait_for_polls(2)  # so that what has ended is missing from two polls

        started = len(seen) - len(at_first)
        ended = {leg: duration for leg, duration in seen.items() if leg not in active}
        self.assertGreater(started, 50)
        self.assertGreater(len(ended), 50)
        self.assertEqual(self.value("telnyx_calls_started_total"), started)
        self.assertEqual(self.value(DURATIONS + "_count"), len(ended))
        self.assertEqual(self.value("telnyx_active_calls_peak"), most)
        metrics = self.exporter.metrics()
        self.assertEqual(metrics["telnyx_exporter_tracked_calls", frozenset()], len(active))
        # Each lasted as long as it was last seen, and half the time between two polls: the
        # exporter's, for which the simulation's time stood still.
        halves = self.value(DURATIONS + "_sum") - sum(ended.values())
        self.assertGreater(halves, 0.2 * len(ended))
        self.assertLess(halves, 5 * len(ended))
        # Lost are calls that are shorter than a step: of 1,000 about 7.
        truth = self.simulator.truth()[0]
        begun = truth["started"] - truth_at_first["started"]
        self.assertLessEqual(started, begun)
        self.assertGreater(started, 0.95 * begun)
        self.assertLessEqual(len(ended), truth["ended"] - truth_at_first["ended"])

    def test_counts_while_time_runs_fifteen_times_as_fast(self):
        self.start("--time-scale=15")
        before = self.simulator.truth()[0]
        self.start_polling()
        ready = self.simulator.truth()[0]
        self.wait_for_polls(10)
        end = self.simulator.truth()[0]
        self.simulator.freeze()
        self.wait_for_polls(3)
        frozen = self.simulator.truth()[0]
        self.assertLessEqual(self.value("telnyx_calls_started_total"),
                             frozen["started"] - before["started"])
        self.assertLessEqual(self.value(DURATIONS + "_count"), frozen["ended"] - before["ended"])
        # A poll a second sees more than 99 % of the calls; a slow machine polls less often.
        self.assertGreater(self.value("telnyx_calls_started_total"),
                           0.8 * (end["started"] - ready["started"]))
        self.assertGreater(self.value(DURATIONS + "_count"), 0.8 * (end["ended"] - ready["ended"]))

    def test_polling_once_counts_no_changes(self):
        self.start()
        config = self.write_config(self.simulator.api, [self.connection])
        run = subprocess.run([EXPORTER, f"--config.file={config}", "--once"], capture_output=True,
                             env={"TELNYX_API_KEY": API_KEY}, check=True)
        names = {name for name, _ in parse_text(run.stdout.decode())}
        self.assertIn("telnyx_active_calls_peak", names)
        self.assertNotIn("telnyx_calls_started_total", names)
        self.assertNotIn(DURATIONS + "_count", names)


if __name__ == "__main__":
    unittest.main()
