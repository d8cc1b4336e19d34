"""A real Prometheus scrapes the exporter and answers the queries that users write."""

import subprocess
import unittest

from harness import EndToEndTest, fetch
from prometheus_server import Prometheus, expected_quantile


class PrometheusTest(EndToEndTest):
    def test_answers_right(self):
        simulator = self.start_simulator("--connections=3", "--active-calls=2000")
        simulator.freeze()
        truth = simulator.truth()
        exporter = self.start_exporter(self.write_config(simulator.api, truth))
        exporter.wait_until_ready()
        prometheus = Prometheus(self, exporter.url.removeprefix("http://"))

        self.assertEqual(prometheus.query_value('up{job="telnyx"} == 1'), 1)
        self.assertEqual(prometheus.query_value("sum(telnyx_active_calls)"),
                         sum(c["legs"] for c in truth))
        self.assertAlmostEqual(
            prometheus.query_value("histogram_quantile(0.9, sum by (le) "
                                   "(telnyx_active_call_duration_seconds_bucket))"),
            expected_quantile(0.9, truth), places=6)

    def test_promtool_finds_nothing_to_say(self):
        simulator = self.start_simulator("--connections=3")
        # One connection of three does not exist, so that the failure's metrics are there too.
        connections = simulator.truth() + [{"id": "404", "name": "quote\\\" and \\\\ slash"}]
        exporter = self.start_exporter(self.write_config(simulator.api, connections))
        exporter.wait_until_ready()
        exposition = fetch(exporter.url + "/metrics")[2]
        self.assertIn(b'reason="not_found"', exposition)
        check = subprocess.run(["promtool", "check", "metrics"], input=exposition,
                               capture_output=True, check=False)
        self.assertEqual((check.returncode, check.stdout, check.stderr), (0, b"", b""))


if __name__ == "__main__":
    unittest.main()
