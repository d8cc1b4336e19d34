"""The status page, clicked through in a headless Chromium."""

import os
import shutil
import subprocess
import unittest

from harness import EndToEndTest, eventually, fetch

HERE = os.path.dirname(os.path.abspath(__file__))
INSTALLED = os.environ["STATUS_PAGE_DIR"]


class StatusPageTest(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        os.makedirs(INSTALLED, exist_ok=True)
        for name in ("package.json", "browser.mjs", "scenarios.mjs"):
            shutil.copy(os.path.join(HERE, name), INSTALLED)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock",
                        "--loglevel=error"], cwd=INSTALLED, check=True)

    def setUp(self):
        super().setUp()
        self.simulator = self.start_simulator("--connections=6", "--active-calls=900")
        self.config = self.write_config(
            self.simulator.api, self.simulator.truth() + [{"id": "404", "name": "broken-id"}])
        with open(self.config, "a", encoding="utf-8") as file:
            file.write(f"  - name: partner\n    base_url: {self.simulator.api}\n"
                       "    api_key: KEY_WRONG\n    connections: [{id: 1, name: broken-key}]\n")
        self.exporter = self.start_exporter(self.config)
        self.exporter.wait_until_ready()

    def run_scenario(self, name):
        run = subprocess.run(
            ["node", "scenarios.mjs", name, self.exporter.url + "/",
             str(self.exporter.process.pid)],
            cwd=INSTALLED, capture_output=True, text=True, check=False,
            env=dict(os.environ, no_proxy="127.0.0.1"))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_sorting(self):
        self.run_scenario("sorting")

    def test_filtering(self):
        self.run_scenario("filtering")

    def test_everything_works_without_script(self):
        self.run_scenario("without_script")

    def test_fits_into_every_window(self):
        self.run_scenario("widths")

    def test_numbers_change_in_place(self):
        self.run_scenario("live")

    def test_an_outage_is_said(self):
        self.run_scenario("outage")

    def test_a_connections_own_page(self):
        self.run_scenario("connection")

    def test_a_refused_configuration_is_said(self):
        self.write("config.yml", "poll: {interval: 5x}\n")
        self.assertEqual(fetch(self.exporter.url + "/-/reload", "POST")[0], 500)
        self.run_scenario("refused_configuration")

    def test_the_keyboard_reaches_everything(self):
        self.run_scenario("keyboard")

    def test_accessibility(self):
        self.run_scenario("accessibility")


class PathsTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        simulator = self.start_simulator("--connections=2")
        self.connections = simulator.truth()
        self.exporter = self.start_exporter(self.write_config(
            simulator.api, self.connections,
            account="    proxy_url: \"\"\n    api_key: KEY_FOR_END_TO_END_TESTS\n"))
        self.exporter.wait_until_ready()

    def get(self, path, method="GET", **headers):
        return fetch(self.exporter.url + path, method, headers)

    def test_pages_forbid_everything_from_elsewhere(self):
        connection = f"/connection?account=default&id={self.connections[0]['id']}"
        for path in ("/", connection):
            status, headers, body = self.get(path)
            self.assertEqual(status, 200)
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertNotIn("unsafe", headers["Content-Security-Policy"])
            self.assertEqual(headers["Cache-Control"], "no-store")
            self.assertNotIn(b"http://", body)
            self.assertNotIn(b"https://", body)
            for inline in (b" style=", b"<style", b" onclick=", b"<script>"):
                self.assertNotIn(inline, body)
            status, headers, body = self.get(path, "HEAD")
            self.assertEqual((status, body), (200, b""))
            self.assertGreater(int(headers["Content-Length"]), 1000)

    def test_any_query_is_answered(self):
        for query in ("?page=99&sort=x&order=x&show=x", "?page=-1", "?q=%00%ff", "?q=" + "x" * 5000,
                      "?page=99999999999999999999", "?&&==", "?show=up&show=failing"):
            self.assertEqual(self.get("/" + query)[0], 200, query)
        for query in ("", "?id=1", "?account=default&id=%3Cscript%3E"):
            self.assertEqual(self.get("/connection" + query)[0], 404, query)

    def test_files_are_kept_under_their_own_address_only(self):
        _, _, page = self.get("/")
        address = page.decode().split('rel="stylesheet" href="')[1].split('"')[0]
        _, headers, _ = self.get("/" + address)
        self.assertIn("immutable", headers["Cache-Control"])
        _, headers, _ = self.get("/static/status.css?v=other")
        self.assertEqual(headers["Cache-Control"], "no-store")

    def test_config_is_the_one_in_force_without_its_secrets(self):
        status, headers, body = self.get("/config")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; charset=utf-8"))
        self.assertIn('api_key: "<secret>"', body.decode())
        self.assertNotIn("KEY_FOR_END_TO_END_TESTS", body.decode())
        self.assertIn("peak_window: 1m", body.decode())
        # It can be loaded, the secret put in again.
        config = self.write("again.yml", body.decode())
        run = subprocess.run([os.environ["TELNYX_EXPORTER"], "--config.check",
                              f"--config.file={config}"], capture_output=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_counts_requests_by_page(self):
        self.get("/")
        eventually("the page is counted", lambda: (
            "telnyx_exporter_web_requests_total",
            frozenset({("handler", "/"), ("code", "200")})) in self.exporter.metrics())


if __name__ == "__main__":
    unittest.main()
