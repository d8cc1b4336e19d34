"""What /metrics says is what the simulator knows, for several seeds, page sizes and paging forms."""

import subprocess
import unittest

from harness import (API_KEY, BUCKETS, EXPORTER, EndToEndTest, Simulator, connection_labels,
                     parse_text)


class TruthTest(EndToEndTest):
    def check(self, page_limit, *simulator_flags):
        simulator = Simulator(self.directory, *simulator_flags, name=f"simulator-{page_limit}")
        try:
            simulator.freeze()
            truth = simulator.truth()
            config = self.write_config(
                simulator.api, truth,
                f"interval: 60s, stale_after: 60s, timeout: 60s, page_limit: {page_limit}")
            run = subprocess.run([EXPORTER, f"--config.file={config}", "--once"],
                                 capture_output=True, env={"TELNYX_API_KEY": API_KEY}, check=False)
            self.assertEqual(run.returncode, 0, run.stderr)
            samples = parse_text(run.stdout.decode())
            for connection in truth:
                self.compare(samples, connection)
            self.assertGreater(sum(c["legs"] for c in truth), 1000)
        finally:
            simulator.stop()

    def compare(self, samples, connection):
        labels = connection_labels(connection)
        for metric, value in {
                "telnyx_active_calls": connection["legs"],
                "telnyx_active_call_sessions": connection["sessions"],
                "telnyx_longest_active_call_duration_seconds": connection["longest_seconds"],
                "telnyx_reported_active_calls": connection["legs"],
                "telnyx_active_call_duration_seconds_sum": connection["total_seconds"],
                "telnyx_active_call_duration_seconds_count": connection["legs"],
                "telnyx_connection_up": 1,
                "telnyx_poll_item_mismatches_total": 0,
        }.items():
            self.assertEqual(samples[metric, labels], value, (metric, connection["name"]))
        for bound, count in zip(BUCKETS, connection["buckets"], strict=True):
            bucket = connection_labels(connection, le=str(bound))
            self.assertEqual(samples["telnyx_active_call_duration_seconds_bucket", bucket], count)

    def test_three_connections_with_two_thousand_calls(self):
        for seed in (1, 2, 3):
            for page_limit in (7, 20, 250):
                with self.subTest(seed=seed, page_limit=page_limit):
                    self.check(page_limit, "--connections=3", "--active-calls=2000",
                               f"--seed={seed}")

    def test_pages_of_one_call(self):
        self.check(1, "--connections=2", "--active-calls=1600", "--transfer-share=0.5")

    def test_the_page_number_form(self):
        self.check(250, "--connections=3", "--active-calls=2000", "--paging=number")


if __name__ == "__main__":
    unittest.main()
