"""The vendor's own JavaScript client reads all calls of the simulator, in its page-number form."""

import json
import os
import shutil
import subprocess
import unittest

from harness import API_KEY, EndToEndTest

HERE = os.path.dirname(os.path.abspath(__file__))
INSTALLED = os.environ["VENDOR_CLIENT_DIR"]


class VendorClientTest(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        os.makedirs(INSTALLED, exist_ok=True)
        for name in ("package.json", "count_calls.mjs"):
            shutil.copy(os.path.join(HERE, name), INSTALLED)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock",
                        "--loglevel=error"], cwd=INSTALLED, check=True)

    def count(self, api, connection_id):
        run = subprocess.run(["node", "count_calls.mjs", api, API_KEY, connection_id],
                             cwd=INSTALLED, capture_output=True, text=True, check=False,
                             env=dict(os.environ, no_proxy="127.0.0.1"))
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout)

    def test_counts_what_is_there(self):
        for paging in ("number", "both"):
            with self.subTest(paging=paging):
                simulator = self.start_simulator("--connections=2", "--active-calls=1500",
                                                 f"--paging={paging}")
                simulator.freeze()
                for connection in simulator.truth():
                    legs = connection["legs"]
                    self.assertGreater(legs, 500)
                    self.assertEqual(self.count(simulator.api, connection["id"]),
                                     {"rows": legs, "legs": legs})


if __name__ == "__main__":
    unittest.main()
