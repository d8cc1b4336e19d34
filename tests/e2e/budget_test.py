"""A rate limit that is too small for the intervals: the total is never silently too low."""

import subprocess
import unittest

from harness import API_KEY, EXPORTER, EndToEndTest, eventually, fetch


def account(name="default", **more):
    return frozenset({"account": name, **more}.items())


class BudgetTest(EndToEndTest):
    def config(self, api, rate, interval="1s", connections=(), more=""):
        lines = "".join(f"      - {{id: \"{c['id']}\", name: \"{c['name']}\"}}\n"
                        for c in connections)
        return self.write(
            "config.yml", f"poll: {{interval: {interval}{more}}}\naccounts:\n"
            f"  - base_url: {api}\n"
            f"    rate_limit: {{requests_per_second: {rate}, burst: 1}}\n"
            f"    connections:\n{lines}")

    def unknown(self, samples):
        return samples["telnyx_account_connections", account(state="unknown")]

    def test_what_is_needed_and_allowed_is_said_everywhere(self):
        simulator = self.start_simulator("--connections=30", "--active-calls=300")
        config = self.config(simulator.api, rate=5, interval="3s", connections=simulator.truth())
        check = subprocess.run([EXPORTER, "--config.check", f"--config.file={config}"],
                               capture_output=True, text=True, check=False,
                               env={"TELNYX_API_KEY": API_KEY})
        self.assertEqual(check.returncode, 0, check.stderr)
        self.assertRegex(check.stderr, r"(?i)warning.*30 connections.*10 requests.*\b5\b")
        exporter = self.start_exporter(config)
        self.assertRegex(exporter.log(), r"level=warn[^\n]*10[^\n]*\b5\b")
        samples = eventually("the need is known", lambda: next(
            (s for s in [exporter.metrics()]
             if ("telnyx_account_required_requests_per_second", account()) in s), None))
        self.assertAlmostEqual(
            samples["telnyx_account_required_requests_per_second", account()], 10, delta=0.1)
        self.assertAlmostEqual(
            samples["telnyx_account_allowed_requests_per_second", account()], 5, delta=0.1)
        intervals = {value for (name, _), value in samples.items()
                     if name == "telnyx_connection_interval_seconds"}
        self.assertGreater(min(intervals), 5.5)
        page = fetch(exporter.url + "/")[2].decode()
        self.assertRegex(page, r"10 requests")

    def test_a_stretched_interval_keeps_every_number_known(self):
        simulator = self.start_simulator("--connections=20", "--active-calls=300")
        config = self.config(simulator.api, rate=10, connections=simulator.truth())
        exporter = self.start_exporter(config)
        exporter.wait_until_ready()
        first = exporter.metrics()["telnyx_api_requests_total", account(code="200")]

        def a_hundred_requests_later():
            samples = exporter.metrics()
            self.assertEqual(self.unknown(samples), 0)
            return samples if samples["telnyx_api_requests_total", account(code="200")] > first + 100 else None
        samples = eventually("a hundred requests", a_hundred_requests_later)
        failures = [value for (name, _), value in samples.items()
                    if name == "telnyx_poll_failures_total"]
        self.assertEqual(sum(failures), 0)

    def test_what_expires_while_it_waits_has_a_reason(self):
        simulator = self.start_simulator("--connections=20", "--active-calls=300")
        # What is given stays as strict as it is given.
        config = self.config(simulator.api, rate=2, connections=simulator.truth(),
                             more=", stale_after: 2s")
        exporter = self.start_exporter(config)

        def all_have_a_reason():
            samples = exporter.metrics()
            absent = {dict(labels)["connection_id"] for name, labels in samples
                      if name == "telnyx_connection_up"}
            absent -= {dict(labels)["connection_id"] for name, labels in samples
                       if name == "telnyx_active_calls"}
            reasons = {dict(labels)["connection_id"]: dict(labels)["reason"]
                       for name, labels in samples if name == "telnyx_connection_failure_info"}
            self.assertLessEqual(set(reasons.values()), {"request_budget"})
            return len(reasons) >= 10 and absent <= set(reasons)
        eventually("every absent number has a reason", all_have_a_reason)
        # One line for the account, not one for each connection and poll.
        self.assertLess(exporter.log().count("request_budget"), 10)

    def test_a_quota_that_is_used_up_is_the_apis_limit(self):
        simulator = self.start_simulator("--connections=3", "--active-calls=30",
                                         "--fault=used_up_quota")
        config = self.config(simulator.api, rate=100, connections=simulator.truth())
        exporter = self.start_exporter(config)

        def reasons():
            return {dict(labels)["reason"] for name, labels in exporter.metrics()
                    if name == "telnyx_connection_failure_info"}
        self.assertEqual(eventually("a reason", reasons), {"rate_limited"})


if __name__ == "__main__":
    unittest.main()
