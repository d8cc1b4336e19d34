"""No invalid access, no leak and no open file left behind: memcheck watches the exporter while
faults come and go."""

import os
import re
import subprocess
import unittest

from harness import API_KEY, EXPORTER, EndToEndTest, eventually, fetch

VALGRIND = ["valgrind", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
            "--track-fds=yes", "--error-exitcode=99"]
# Some of each kind, so that polls fail and succeed in turn.
FAULTS = ["reset:0.05", "truncated_gzip:0.05", "gzip_bomb:0.02", "wrong_types:0.05",
          "truncated_json:0.05", "status_500:0.1", "endless_headers:0.02", "html_200:0.02"]
POLLS, FAILURES = 50, 10


class ValgrindTest(EndToEndTest):
    def start(self, poll, *flags):
        simulator = self.start_simulator("--connections=5", "--active-calls=3000", *flags)
        return self.write_config(simulator.api, simulator.truth(), poll)

    def assert_clean(self, log):
        self.assertIn("ERROR SUMMARY: 0 errors", log)
        files = re.search(r"FILE DESCRIPTORS: (\d+) open \((\d+) std\)", log)
        self.assertEqual(files.group(1), files.group(2), log)

    def test_once(self):
        config = self.start("interval: 60s, timeout: 60s, stale_after: 60s")
        run = subprocess.run([*VALGRIND, EXPORTER, f"--config.file={config}", "--once"],
                             capture_output=True, text=True, check=False,
                             env=dict(os.environ, TELNYX_API_KEY=API_KEY))
        self.assert_clean(run.stderr)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_serving(self):
        config = self.start("interval: 2s, stale_after: 6s",
                            *[f"--fault={fault}" for fault in FAULTS])
        exporter = self.start_exporter(config, prefix=VALGRIND)

        def has_seen_enough():
            samples = exporter.metrics()
            fetch(exporter.url + "/metrics", headers={"Accept-Encoding": "gzip"})
            fetch(exporter.url + "/")
            sums = [sum(value for (name, _), value in samples.items() if name == wanted)
                    for wanted in ("telnyx_polls_total", "telnyx_poll_failures_total")]
            return sums[0] >= POLLS and sums[1] >= FAILURES
        eventually("polls and failures", has_seen_enough)
        status = exporter.stop()
        self.assertEqual(status, 0, exporter.log())
        self.assert_clean(exporter.log())


if __name__ == "__main__":
    unittest.main()
