"""From a fault of the API to the person on call, with the real Prometheus and Alertmanager."""

import json
import os
import subprocess
import unittest

import yaml

from harness import EndToEndTest, Process, eventually, fetch, free_port
from prometheus_server import Prometheus
from rules_test import PROMETHEUS, ROOT, RULES, load


class Alertmanager:
    def __init__(self, test):
        # The example's routes and inhibitions, without waiting for groups.
        config = load(os.path.join(PROMETHEUS, "alertmanager.yml"))
        config["route"].update(group_wait="0s", group_interval="1s")
        path = test.write("alertmanager.yml", yaml.safe_dump(config))
        for _ in range(5):  # another program may take the port first
            self.address = f"127.0.0.1:{free_port()}"
            self.url = "http://" + self.address
            process = Process(
                ["prometheus-alertmanager", f"--config.file={path}",
                 f"--storage.path={test.directory}/alertmanager",
                 f"--web.listen-address={self.address}", "--cluster.listen-address="],
                test.directory, "alertmanager")
            test.keep(process)
            eventually("Alertmanager is ready or has ended",
                       lambda: self._is_ready() or process.process.poll() is not None)
            if process.process.poll() is None:
                return
        raise AssertionError("Alertmanager did not start: " + process.log())

    def _is_ready(self):
        try:
            return fetch(self.url + "/-/ready")[0] == 200
        except OSError:
            return False

    def add(self, name, **labels):
        """Tells of an alert as Prometheus does."""
        subprocess.run(["amtool", "alert", "add", f"--alertmanager.url={self.url}", name,
                        *(f"{label}={value}" for label, value in labels.items())],
                       check=True, env=dict(os.environ, no_proxy="127.0.0.1"))

    def firing(self, name, *flags):
        """What amtool says to the person on call."""
        run = subprocess.run(
            ["amtool", "alert", "query", f"--alertmanager.url={self.url}", "--output=json", *flags,
             f"alertname={name}"],
            capture_output=True, text=True, check=True, env=dict(os.environ, no_proxy="127.0.0.1"))
        return json.loads(run.stdout)


class AlertsTest(EndToEndTest):
    def start(self, *flags, account="", other_account=None, **options):
        """Two replicas, the second perhaps with another account, and everything downstream of them."""
        self.simulator = self.start_simulator(*flags, **options)
        self.connections = self.simulator.truth()
        exporters = [self.start_exporter(
            self.write_config(self.simulator.api, self.connections,
                              poll="interval: 1s, stale_after: 2s", account=lines,
                              name=f"{name}.yml"), name=name)
            for name, lines in (("one", account), ("two", other_account or account))]
        self.alertmanager = Alertmanager(self)
        self.prometheus = Prometheus(
            self, [exporter.url.removeprefix("http://") for exporter in exporters],
            job="telnyx_exporter", rules=self.impatient_rules(),
            alertmanager=self.alertmanager.address)

    def start_with_faults_to_come(self):
        self.start("--connections=3", "--active-calls=60", "--even-connections")
        eventually("all is well", lambda: self.prometheus.query(
            "sum(connection:telnyx_connection_up:max) == 3"))
        # What was unknown at the start is known, and no alert is sent without a reason.
        eventually("no alert", lambda: not self.prometheus.query("ALERTS"))
        self.wait_for_end("TelnyxDataStale")

    def impatient_rules(self):
        """The rules, without what they wait for."""
        document = load(RULES)
        for group in document["groups"]:
            group.pop("interval", None)
            for rule in group["rules"]:
                # How long a replica must be without a successful answer.
                rule["expr"] = rule["expr"].replace('{code="200"}[2m]', '{code="200"}[5s]')
                if "alert" in rule:
                    rule["for"] = "0s"
                    rule.pop("keep_firing_for", None)
        return self.write("rules.yml", yaml.safe_dump(document))

    def wait_for(self, name, *flags):
        return eventually(name, lambda: self.alertmanager.firing(name, *flags))

    def wait_for_end(self, name):
        eventually(f"{name} has ended", lambda: not self.alertmanager.firing(name))

    def test_a_failing_connection(self):
        self.start_with_faults_to_come()
        connection = self.connections[1]
        fault = f"status_503@{connection['id']}"
        self.simulator.faults("POST", fault)
        alerts = eventually("the reason is known", lambda: [
            alert for alert in self.alertmanager.firing("TelnyxConnectionFailing", "--inhibited")
            + self.alertmanager.firing("TelnyxConnectionFailing")
            if "server_error" in alert["annotations"]["description"]])
        # One alert, although two replicas see it.
        self.assertEqual(len(alerts), 1)
        self.assertEqual(alerts[0]["labels"], {
            "alertname": "TelnyxConnectionFailing", "severity": "warning", "account": "default",
            "job": "telnyx_exporter", "connection_id": connection["id"],
            "connection_name": connection["name"]})
        # When nothing is known any more, that alert takes its place.
        stale = self.wait_for("TelnyxDataStale")
        self.assertEqual([alert["labels"]["connection_id"] for alert in stale],
                         [connection["id"]])
        self.wait_for("TelnyxConnectionFailing", "--inhibited")
        self.assertEqual(self.alertmanager.firing("TelnyxApiKeyRefused"), [])

        self.simulator.faults("DELETE", fault)
        self.wait_for_end("TelnyxDataStale")
        self.wait_for_end("TelnyxConnectionFailing")

    def test_a_refused_key(self):
        self.start_with_faults_to_come()
        self.simulator.faults("POST", "status_401")
        alerts = self.wait_for("TelnyxApiKeyRefused")
        self.assertEqual([alert["labels"]["account"] for alert in alerts], ["default"])
        self.assertIn("401", alerts[0]["annotations"]["description"])
        # The connections' alerts say nothing more than this one does.
        eventually("held back", lambda: self.alertmanager.firing(
            "TelnyxDataStale", "--inhibited") and not self.alertmanager.firing("TelnyxDataStale"))

    def test_an_old_key_of_one_replica(self):
        self.start(scenario=os.path.join(ROOT, "config", "scenarios", "stuck-calls.yml"),
                   account="    api_key: KEY_MAIN\n", other_account="    api_key: KEY_OLD\n")
        [alert] = self.wait_for("TelnyxReplicaKeyRefused")
        self.assertEqual(alert["labels"]["severity"], "warning")
        # The other replica's numbers count, so no connection has an alert and nothing is held back.
        eventually("the numbers", lambda: self.prometheus.query(
            "account:telnyx_active_calls:coverage == 1"))
        for name in ("TelnyxApiKeyRefused", "TelnyxDataStale", "TelnyxConnectionFailing"):
            self.wait_for_end(name)
            self.assertEqual(self.alertmanager.firing(name, "--inhibited"), [])

    def test_pages_that_do_not_add_up(self):
        self.start_with_faults_to_come()
        connection = self.connections[0]
        self.simulator.faults("POST", f"wrong_total@{connection['id']}")
        alerts = self.wait_for("TelnyxIncompletePaging")
        self.assertEqual([alert["labels"]["connection_name"] for alert in alerts],
                         [connection["name"]])
        self.simulator.faults("DELETE", f"wrong_total@{connection['id']}")
        self.wait_for_end("TelnyxIncompletePaging")

    def test_a_call_that_does_not_end(self):
        self.start(scenario=os.path.join(ROOT, "config", "scenarios", "stuck-calls.yml"),
                   account="    api_key: KEY_MAIN\n")
        [alert] = self.wait_for("TelnyxStuckCalls")
        self.assertEqual(alert["labels"]["connection_name"], "support")
        self.assertRegex(alert["annotations"]["description"], r"has lasted \d+h ")
        self.assertEqual(self.alertmanager.firing("TelnyxConnectionFailing"), [])


class InhibitionTest(EndToEndTest):
    def test_a_shard_that_is_down_says_nothing_about_replicas_of_other_shards(self):
        alertmanager = Alertmanager(self)
        job = {"job": "telnyx_exporter"}
        alertmanager.add("TelnyxExporterReplicaDown", instance="shard-0-b", **job)
        alertmanager.add("TelnyxExporterDown", shard="1", total_shards="2", **job)
        # Alerts are taken in turn: when this one is held back, the others have been looked at.
        alertmanager.add("TelnyxCertificateExpiring", instance="shard-0-a", **job)
        alertmanager.add("TelnyxCertificateExpiresSoon", instance="shard-0-a", **job)
        eventually("held back", lambda: alertmanager.firing(
            "TelnyxCertificateExpiring", "--inhibited"))
        eventually("the replica", lambda: alertmanager.firing("TelnyxExporterReplicaDown"))
        self.assertEqual(alertmanager.firing("TelnyxExporterReplicaDown", "--inhibited"), [])
        # When no target answers at all, each of them needs no alert of its own.
        alertmanager.add("TelnyxExporterDown", **job)
        eventually("held back", lambda: alertmanager.firing(
            "TelnyxExporterReplicaDown", "--inhibited"))

    def test_what_may_be_true_of_one_direction_is_not_said_when_it_is_true_of_both(self):
        alertmanager = Alertmanager(self)
        near = {"job": "telnyx_exporter", "account": "main", "connection_id": "1"}
        alertmanager.add("TelnyxDirectionChannelsFilling", direction="inbound", **near)
        alertmanager.add("TelnyxDirectionChannelsFilling", direction="inbound", **{**near, "connection_id": "2"})
        alertmanager.add("TelnyxChannelsExhausted", **near)
        eventually("held back", lambda: [
            alert["labels"]["connection_id"]
            for alert in alertmanager.firing("TelnyxDirectionChannelsFilling")] == ["2"])


if __name__ == "__main__":
    unittest.main()
