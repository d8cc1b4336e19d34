"""A real Prometheus scrapes the exporter and answers the queries that users write."""

import subprocess
import unittest
import urllib.parse

from harness import (BUCKETS, EndToEndTest, Process, eventually, fetch, fetch_json, free_port)


def expected_quantile(quantile, connections):
    """What PromQL's histogram_quantile interpolates from the true counts."""
    cumulative = [sum(c["buckets"][i] for c in connections) for i in range(len(BUCKETS))]
    rank = quantile * sum(c["legs"] for c in connections)
    below, lower = 0, 0
    for bound, count in zip(BUCKETS, cumulative, strict=True):
        if count >= rank:
            return lower + (bound - lower) * (rank - below) / (count - below)
        below, lower = count, bound
    return BUCKETS[-1]


class PrometheusTest(EndToEndTest):
    def start_prometheus(self, target):
        config = self.write("prometheus.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: telnyx
    static_configs: [{{targets: ["{target}"]}}]
""")
        for _ in range(5):  # another program may take the port first
            port = free_port()
            prometheus = Process(["prometheus", f"--config.file={config}",
                                  f"--storage.tsdb.path={self.directory}/tsdb-{port}",
                                  f"--web.listen-address=127.0.0.1:{port}"],
                                 self.directory, f"prometheus-{port}")
            self.keep(prometheus)
            self.prometheus_url = f"http://127.0.0.1:{port}"
            eventually("Prometheus is ready or has ended", lambda: self.is_ready() or
                       prometheus.process.poll() is not None)
            if prometheus.process.poll() is None:
                return
        raise AssertionError("Prometheus did not start: " + prometheus.log())

    def is_ready(self):
        try:
            return fetch(self.prometheus_url + "/-/ready")[0] == 200
        except OSError:
            return False

    def query(self, expression):
        url = self.prometheus_url + "/api/v1/query?query=" + urllib.parse.quote(expression)
        return fetch_json(url)["data"]["result"]

    def query_value(self, expression):
        result = eventually(expression, lambda: self.query(expression))
        self.assertEqual(len(result), 1, result)
        return float(result[0]["value"][1])

    def test_answers_right(self):
        simulator = self.start_simulator("--connections=3", "--active-calls=2000")
        simulator.freeze()
        truth = simulator.truth()
        exporter = self.start_exporter(self.write_config(simulator.api, truth))
        exporter.wait_until_ready()
        self.start_prometheus(exporter.url.removeprefix("http://"))

        self.assertEqual(self.query_value('up{job="telnyx"} == 1'), 1)
        self.assertEqual(self.query_value("sum(telnyx_active_calls)"),
                         sum(c["legs"] for c in truth))
        self.assertAlmostEqual(
            self.query_value("histogram_quantile(0.9, sum by (le) "
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
