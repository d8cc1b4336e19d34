"""Connections that are not configured are found in the account's list, and shared among shards."""

import subprocess
import unittest

from harness import API_KEY, EXPORTER, PATIENCE, EndToEndTest, fetch, parse_text


class DiscoveryTest(EndToEndTest):
    def config(self, api, discovery="enabled: true", more="", interval="1s"):
        return self.write("config.yml", f"poll: {{interval: {interval}}}\n"
                                        f"accounts:\n  - base_url: {api}\n"
                                        "    rate_limit: {requests_per_second: 1000, burst: 10000}\n"
                                        f"    discovery: {{{discovery}}}\n{more}")

    def once(self, config, *flags):
        run = subprocess.run([EXPORTER, f"--config.file={config}", "--once", *flags],
                             capture_output=True, text=True, env={"TELNYX_API_KEY": API_KEY},
                             check=False, timeout=PATIENCE)
        return run.returncode, parse_text(run.stdout), run.stderr

    def names(self, samples, metric="telnyx_active_calls"):
        return sorted(dict(labels)["connection_name"] for name, labels in samples if name == metric)

    def test_finds_all_connections_with_their_names_and_kinds(self):
        simulator = self.start_simulator("--connections=300", "--active-calls=600")
        code, samples, log = self.once(self.config(simulator.api))
        self.assertEqual(code, 0, log)
        self.assertEqual(self.names(samples), sorted(c["name"] for c in simulator.truth()))
        self.assertEqual(samples["telnyx_discovered_connections",
                                 frozenset({("account", "default")})], 300)
        info = [dict(labels) for name, labels in samples if name == "telnyx_connection_info"]
        self.assertEqual({i["source"] for i in info}, {"discovered"})
        self.assertEqual({i["record_type"] for i in info}, {"call_control_application"})

    def test_finds_ten_thousand_connections_in_one_refresh(self):
        simulator = self.start_simulator("--connections=10000", "--active-calls=20000",
                                         "--even-connections")
        code, samples, log = self.once(self.config(simulator.api, interval="30s"))
        self.assertEqual(code, 0, log)
        account = ("account", "default")
        self.assertEqual(samples["telnyx_discovered_connections", frozenset({account})], 10_000)
        self.assertEqual(len(self.names(samples)), 10_000)
        # Pages of 250 connections, and a page of calls of each.
        self.assertEqual(samples["telnyx_api_requests_total", frozenset({account, ("code", "200")})],
                         40 + 10_000)

    def test_filters_by_name_and_lets_the_configuration_win(self):
        simulator = self.start_simulator("--connections=12")
        explicit = simulator.truth()[0]
        code, samples, _ = self.once(self.config(
            simulator.api,
            'enabled: true, include: {name: "line-.*"}, exclude: {name: ".*-1."}',
            f"    connections: [{{id: {explicit['id']}, name: mine}}]\n"))
        self.assertEqual(code, 0)
        self.assertEqual(self.names(samples), ["line-6", "line-7", "line-8", "line-9", "mine"])

    def test_shards_poll_every_connection_once_together(self):
        simulator = self.start_simulator("--connections=60", "--active-calls=100")
        config = self.config(simulator.api)
        found = []
        for shard in range(3):
            code, samples, _ = self.once(config, f"--shard={shard}", "--total-shards=3")
            self.assertEqual(code, 0)
            self.assertEqual(samples["telnyx_exporter_shard_info", frozenset(
                {("shard", str(shard)), ("total_shards", "3")})], 1)
            self.assertGreater(len(self.names(samples)), 5)
            found += self.names(samples)
        self.assertEqual(sorted(found), sorted(c["name"] for c in simulator.truth()))

    def test_a_shard_without_connections_is_ready(self):
        simulator = self.start_simulator("--connections=1")
        config = self.write_config(simulator.api, simulator.truth())
        for shard in range(2):
            self.start_exporter(config, f"--shard={shard}", "--total-shards=2").wait_until_ready()

    def test_a_refused_list_is_a_failure_with_its_reason(self):
        simulator = self.start_simulator("--connections=2")
        config = self.write("config.yml", f"accounts: [{{base_url: {simulator.api}, api_key: WRONG, "
                                          "discovery: {enabled: true}}]\n")
        code, samples, log = self.once(config)
        self.assertEqual(code, 1)
        self.assertEqual(samples["telnyx_discovery_failures_total",
                                 frozenset({("account", "default")})], 1)
        self.assertNotIn("telnyx_discovered_connections", {name for name, _ in samples})
        self.assertIn('msg="discovery failed" account=default reason=unauthorized status=401', log)

    def test_the_daemon_is_ready_when_what_it_found_was_polled(self):
        simulator = self.start_simulator("--connections=5")
        exporter = self.start_exporter(self.config(simulator.api))
        exporter.wait_until_ready()
        self.assertEqual(len(self.names(exporter.metrics(), "telnyx_connection_up")), 5)
        self.assertEqual(fetch(exporter.url + "/-/ready")[0], 200)


if __name__ == "__main__":
    unittest.main()
