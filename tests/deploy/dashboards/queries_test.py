"""What the dashboards' queries answer: asked of a real Prometheus with a made-up past, and of
servers that scrape the exporter and keep classic buckets, native histograms, or both."""

import os
import time
import unittest

import yaml
from dashboard import END, HOUR, ROOT, WEEK, Dashboard, Past, View, each
from harness import EndToEndTest, eventually
from prometheus_server import Prometheus
from rules_test import jsonnet

DEMO = os.path.join(ROOT, "config", "scenarios", "demo.yml")
OVERVIEW, DETAIL, HEALTH = map(Dashboard, ("calls_overview", "connection_detail",
                                           "exporter_health"))
SUPPORT = "1293384261075731461"
COVERED, KNOWN = "connections known", "known"  # in charts, and beside single numbers


class PastTest(EndToEndTest):
    """Asks about a past that a test makes up."""

    def view(self, past, **more):
        self.prometheus = past.prometheus(self)
        return View(self.prometheus, END, **more)

    # ---- Active calls by connection

    def test_the_busiest_connections_are_the_same_at_all_times_and_all_others_one_band(self):
        past = Past()
        for index in range(300):
            # Each is busy for a minute of its own: the busiest of each moment are others.
            past.connection(f"{index:03}", lambda at, i=index: i + 1000 * (at // 60 % 60 == i % 60))
        view = self.view(past)
        series = view.series(OVERVIEW.panel("Active calls by connection"))
        self.assertEqual(len(series), 16)
        others = series["all others"]
        self.assertEqual({name for name in series if name != "all others"},
                         {f"main / {index}" for index in range(285, 300)})
        for name, points in series.items():
            self.assertEqual(len(points), 61, name)
        total = view.series(OVERVIEW.panel("Active calls", "timeseries"))["calls"]
        for at, value in total.items():
            self.assertEqual(sum(points[at] for points in series.values()), value)
        self.assertGreater(min(others.values()), 0)

    def test_a_band_has_a_gap_only_where_its_number_is_not_known(self):
        past = Past()
        past.connection("gap", lambda at: None if END - 1800 < at < END - 900 else 5)
        past.connection("busy", 100)
        series = self.view(past, step=300).series(OVERVIEW.panel("Active calls by connection"))
        self.assertEqual(set(series), {"main / gap", "main / busy"})
        self.assertEqual(len(series["main / busy"]), 13)
        self.assertLess(len(series["main / gap"]), 13)
        self.assertIn(END - HOUR, series["main / gap"])
        self.assertIn(END, series["main / gap"])

    def test_no_panel_has_more_than_16_series_with_300_connections(self):
        past = Past()
        for index in range(300):
            past.connection(f"{index:03}", index)
            labels = self.labels(f"{index:03}")
            past.add("telnyx_longest_active_call_duration_seconds", labels, index)
            past.add("telnyx_connection_channel_limit", labels | {"direction": "configured"}, 1000)
        view = self.view(past)
        for dashboard in (OVERVIEW, HEALTH):
            for panel in dashboard.panels("stat", "timeseries", "bargauge"):
                count = sum(len(result) for result in view.results(panel))
                self.assertLessEqual(count, 16, panel["title"])
        self.assertEqual(len(view.newest(OVERVIEW.panel("Longest calls"))), 15)
        self.assertEqual(len(view.newest(OVERVIEW.panel("Channel utilization"))), 15)
        self.assertEqual(len(view.rows(OVERVIEW.panel("Connections"))), 300)

    def labels(self, name):
        return {"job": "telnyx", "instance": "a", "account": "main", "connection_id": name,
                "connection_name": name}

    # ---- Names

    def test_equal_names_in_two_accounts_stay_two(self):
        past = Past()
        past.connection("support", 1, account="main", connection_id="11")
        past.connection("support", 2, account="europe", connection_id="22")
        view = self.view(past)
        self.assertEqual(view.newest(OVERVIEW.panel("Active calls by connection")),
                         {"main / support": 1, "europe / support": 2})
        expected = {"11": "main / support", "22": "europe / support"}
        for dashboard in (OVERVIEW, DETAIL):
            self.assertEqual(view.options(dashboard.variable("connection")), expected)
        rows = view.rows(OVERVIEW.panel("Connections"))
        self.assertEqual({(row["Account"], row["Connection"], row["Id"], row["Active"])
                          for row in rows},
                         {("main", "support", "11", 1), ("europe", "support", "22", 2)})
        view = View(self.prometheus, END, connection="22")
        self.assertEqual(view.newest(OVERVIEW.panel("Active calls"))["calls"], 2)
        self.assertEqual(view.newest(DETAIL.panel("Active calls", "stat")), {"": 2})

    def test_two_connections_of_an_account_with_one_name_are_both_offered(self):
        past = Past()
        past.connection("support", 1, connection_id="11")
        past.connection("support", 2, connection_id="22")
        view = self.view(past)
        self.assertEqual(set(view.options(OVERVIEW.variable("connection"))), {"11", "22"})
        self.assertEqual(len(view.rows(OVERVIEW.panel("Connections"))), 2)

    def test_names_may_have_any_characters(self):
        names = ['say \\"hi\\", he said', "a/b", "ü{x}", "back\\\\slash"]
        past = Past()
        for index, name in enumerate(names):
            past.connection(name, 1, connection_id=str(index))
        self.assertEqual(self.view(past).options(OVERVIEW.variable("connection")), {
            "0": 'main / say "hi", he said', "1": "main / a/b", "2": "main / ü{x}",
            "3": "main / back\\slash"})

    def test_a_renamed_connection_is_one_series_with_its_new_name(self):
        past = Past()
        past.connection("old", 5, connection_id="1", end=END - 1800)
        past.connection("new", 5, connection_id="1", start=END - 1800 + 60)
        past.connection("old", 4, connection_id="1", start=END - WEEK - HOUR, end=END - WEEK)
        view = self.view(past)
        series = view.series(OVERVIEW.panel("Active calls by connection"))
        self.assertEqual(list(series), ["main / new"])
        self.assertEqual(len(series["main / new"]), 61)
        self.assertEqual(view.options(OVERVIEW.variable("connection")), {"1": "main / new"})
        self.assertEqual(view.newest(OVERVIEW.panel("Active calls"))["calls"], 5)
        against = view.newest(OVERVIEW.panel("Against last week", "stat"))
        self.assertAlmostEqual(against["change"], 0.25)

    def test_a_connection_that_is_gone_keeps_its_name_while_it_is_shown(self):
        past = Past()
        past.connection("gone", 7, end=END - 1800)
        past.connection("there", 1)
        view = self.view(past)
        self.assertEqual(set(view.series(OVERVIEW.panel("Active calls by connection"))),
                         {"main / gone", "main / there"})
        self.assertIn("gone", view.options(OVERVIEW.variable("connection")))

    def test_a_long_time_of_many_connections_is_not_too_much(self):
        """Prometheus takes only so many samples into one query: here fewer than there are."""
        past, day = Past(), 24 * HOUR
        for index in range(10):
            for instance in ("a", "b"):
                past.connection(str(index), 1, start=END - day, instance=instance)
        self.prometheus = past.prometheus(self, f"--query.max-samples={20 * 24 * 60 // 2}")
        view = View(self.prometheus, END, seconds=day, step=600)
        for title in ("Active calls by connection", "Active calls", "Connections"):
            self.assertTrue(any(view.results(OVERVIEW.panel(title))))
        self.assertEqual(len(view.options(OVERVIEW.variable("connection"))), 10)

    # ---- Against last week

    def test_last_week_is_compared_only_for_connections_that_have_a_number_at_both_times(self):
        past = Past()
        past.connection("both", 30)
        past.connection("both", 20, start=END - WEEK - HOUR, end=END - WEEK)
        past.connection("new", 1000)
        past.connection("gone", 500, start=END - WEEK - HOUR, end=END - WEEK)
        view = self.view(past)
        self.assertEqual(view.newest(OVERVIEW.panel("Against last week", "stat")),
                         {"change": 0.5, KNOWN: 0.5})
        self.assertEqual(view.newest(OVERVIEW.panel("Against last week", "timeseries")),
                         {"now": 30, "last week": 20, COVERED: 0.5})

    # ---- What sums cover

    def test_sums_say_which_share_of_the_connections_they_cover(self):
        past = Past()
        for index in range(40):
            known = index >= 10
            past.connection(f"{index:03}", 2 if known else lambda _: None, up=int(known))
        view = self.view(past)
        for title in ("Active calls", "Sessions", "Peak"):
            self.assertEqual(view.newest(OVERVIEW.panel(title, "stat"))[KNOWN], 0.75, title)
        for title in ("Active calls", "Call rate", "Active call duration",
                      "Completed call duration"):
            self.assertEqual(view.newest(OVERVIEW.panel(title, "timeseries"))[COVERED], 0.75, title)
        self.assertEqual(view.newest(OVERVIEW.panel("Coverage"))["unknown"], 10)
        one = View(self.prometheus, END, connection="001|020")
        self.assertEqual(one.newest(OVERVIEW.panel("Active calls", "stat"))[KNOWN], 0.5)

    def test_a_sum_of_nothing_covers_nothing(self):
        past = Past()
        past.connection("1", lambda _: None, up=0)
        self.assertEqual(self.view(past).newest(OVERVIEW.panel("Active calls", "stat")), {KNOWN: 0})

    def test_connections_of_an_exporter_that_is_gone_count_as_unknown_for_an_hour(self):
        past = Past()
        past.connection("1", 5)
        past.connection("2", 5, end=END - 1800, instance="b")
        past.connection("3", 5, start=END - 2 * HOUR, end=END - HOUR - 600)
        for index, end in ("1", END), ("2", END - 1800):
            past.add("telnyx_connection_info", self.labels(index) | {
                "outbound_voice_profile_id": "p", "outbound_voice_profile_name": "p"}, 1, end=end)
        past.of_target("telnyx_account_channel_limit", 10, account="main")
        view = self.view(past)
        self.assertEqual(view.newest(OVERVIEW.panel("Active calls", "stat")),
                         {"calls": 5, KNOWN: 0.5})
        self.assertEqual(view.newest(OVERVIEW.panel("Coverage")), {"known": 0.5, "unknown": 1})
        self.assertEqual(view.newest(OVERVIEW.panel("Coverage by account")), {"main": 0.5})
        self.assertEqual(view.newest(HEALTH.panel("Coverage", "stat")), {"": 0.5})
        self.assertEqual(view.newest(HEALTH.panel("Coverage", "timeseries")), {"main": 0.5})
        for title in ("Account channel limits", "Outbound voice profile limits"):
            self.assertEqual(view.rows(OVERVIEW.panel(title))[0]["Known"], 0.5, title)

    def test_without_an_exporter_nothing_is_called_well(self):
        past = Past()
        past.connection("1", 5, end=END - 1800)
        view = self.view(past)
        self.assertEqual(view.newest(OVERVIEW.panel("Coverage")), {"known": 0, "unknown": 1})
        self.assertEqual(view.newest(HEALTH.panel("Coverage", "stat")), {"": 0})
        later = View(self.prometheus, END + 3 * HOUR)
        for panel in (OVERVIEW.panel("Coverage"), HEALTH.panel("Coverage", "stat"),
                      HEALTH.panel("Failing connections", "stat")):
            self.assertEqual(later.newest(panel), {}, panel["title"])
        self.assertNotIn(END, view.series(HEALTH.panel("Failing connections", "stat"))[""])

    def test_the_peak_says_the_lowest_share_that_was_known_meanwhile(self):
        past = Past()
        past.connection("1", lambda at: 50 if at == END - 1200 else 5)
        past.connection("2", lambda at: None if END - 2400 < at < END - 1800 else 5)
        view = self.view(past)
        self.assertEqual(view.newest(OVERVIEW.panel("Peak")), {"calls": 55, KNOWN: 0.5})

    def test_coverage_is_of_all_shards_and_a_connection_is_known_if_a_replica_knows_it(self):
        past = Past()
        for index in range(10):
            past.connection(str(index), 1 if index else lambda _: None, up=int(index > 0))
            past.connection(str(index), lambda _: None, up=0, instance="b")
        view = self.view(past)
        self.assertEqual(view.newest(OVERVIEW.panel("Coverage"))["known"], 0.9)
        self.assertEqual(view.newest(HEALTH.panel("Coverage", "stat")), {"": 0.9})
        self.assertEqual(view.newest(OVERVIEW.panel("Coverage by account")), {"main": 0.9})
        self.assertEqual(view.newest(HEALTH.panel("Coverage", "timeseries")), {"main": 0.9})

    # ---- Replicas and set-ups

    def test_replicas_are_counted_once_whatever_label_they_differ_in(self):
        past = Past()
        for replica, value in (("a", 10), ("b", 11)):
            past.connection("support", value, instance=replica, zone="zone-" + replica)
        view = self.view(past)
        self.assertEqual(view.newest(OVERVIEW.panel("Active calls", "stat")),
                         {"calls": 11, KNOWN: 1})
        self.assertEqual(view.newest(OVERVIEW.panel("Active calls by connection")),
                         {"main / support": 11})
        self.assertEqual(len(view.rows(OVERVIEW.panel("Connections"))), 1)

    def test_clusters_namespaces_and_jobs_can_be_selected(self):
        past = Past()
        for cluster, value in (("east", 1), ("west", 10)):
            past.connection("support", value, cluster=cluster, namespace="voice-" + cluster)
        past.connection("support", 100, job="other")
        view = self.view(past)
        self.assertEqual(view.newest(OVERVIEW.panel("Active calls", "stat"))["calls"], 111)
        for selected, calls in ({"cluster": "east"}, 1), ({"namespace": "voice-west"}, 10), (
                {"job": "other"}, 100), ({"cluster": "(east|west)"}, 11):
            chosen = View(self.prometheus, END, **selected)
            self.assertEqual(chosen.newest(OVERVIEW.panel("Active calls", "stat"))["calls"], calls)
            self.assertEqual(chosen.newest(DETAIL.panel("Active calls", "stat"))[""], calls)

    # ---- Limits and the request budget

    def test_limits_of_accounts_and_profiles(self):
        past = Past()
        for index, profile in enumerate(("p1", "p1", "p2", "p3")):
            known = index not in (1, 3)
            past.connection(str(index), 30 if known else lambda _: None, up=int(known))
            past.of_target("telnyx_connection_info", 1, account="main", connection_id=index,
                           connection_name=index, outbound_voice_profile_id=profile,
                           outbound_voice_profile_name="name of " + profile)
        past.of_target("telnyx_account_channel_limit", 120, account="main")
        for profile in ("p1", "p2", "p3"):
            past.of_target("telnyx_outbound_voice_profile_concurrent_call_limit", 40,
                           account="main", profile_id=profile, profile_name="name of " + profile)
        view = self.view(past)
        [account] = view.rows(OVERVIEW.panel("Account channel limits"))
        self.assertEqual(account, {"Account": "main", "Active": 60, "Known": 0.5, "Limit": 120,
                                   "Used": 0.5})
        profiles = view.rows(OVERVIEW.panel("Outbound voice profile limits"))
        self.assertEqual(profiles, [
            {"Account": "main", "Profile": "name of p1", "Profile id": "p1", "Active": 30,
             "Known": 0.5, "Limit": 40, "Used": 0.75},
            {"Account": "main", "Profile": "name of p2", "Profile id": "p2", "Active": 30,
             "Known": 1, "Limit": 40, "Used": 0.75},
            {"Account": "main", "Profile": "name of p3", "Profile id": "p3", "Known": 0,
             "Limit": 40}])

    def test_the_request_budget_of_all_exporters_and_of_the_one_with_the_least(self):
        past = Past()
        for instance, required in (("a", 12), ("b", 4)):
            past.of_target("telnyx_account_required_requests_per_second", required, instance,
                           account="main")
            past.of_target("telnyx_account_allowed_requests_per_second", 10, instance,
                           account="main")
            past.of_target("telnyx_api_requests_total", lambda at: (at - END + HOUR) * 5, instance,
                           account="main", code=200)
        view = self.view(past, step=300)
        self.assertEqual(view.newest(HEALTH.panel("Request budget", "stat")), {"": 1.2})
        budget = view.newest(HEALTH.panel("Request budget", "timeseries"))
        self.assertEqual(budget, {"main required": 16, "main allowed": 20, "main sent": 10})

    def test_the_estimate_of_started_calls_is_beside_the_lower_bound(self):
        past = Past()
        past.connection("1", 1)
        for name, per_second in (("started_total", 1), ("started_estimated_total", 2)):
            past.add("telnyx_calls_" + name, self.labels("1"),
                     lambda at, rate=per_second: (at - END + HOUR) * rate)
        for dashboard in (OVERVIEW, DETAIL):
            rates = self.view(past).newest(dashboard.panel("Call rate"))
            self.assertAlmostEqual(rates["started, seen by polls"], 60)
            self.assertAlmostEqual(rates["started, estimated"], 120)

    def test_rates_of_connections_that_are_polled_rarely_and_of_replicas_out_of_phase(self):
        """Counters that step once in 100 s, by what one call a second makes: at both replicas, 50 s apart."""
        past = Past()
        for instance, phase in ("a", 0), ("b", 50):
            past.connection("1", 5, instance=instance)
            labels = self.labels("1") | {"instance": instance}
            def stepped(at, phase=phase):
                return (at - END + HOUR + phase) // 100 * 100
            past.add("telnyx_connection_interval_seconds", labels, 100, step=15)
            for name in ("telnyx_calls_started_total", "telnyx_calls_started_estimated_total",
                         "telnyx_completed_call_duration_seconds_count", "telnyx_polls_total"):
                past.add(name, labels, stepped, step=15)
            past.add("telnyx_poll_failures_total", labels, lambda at, of=stepped: of(at) / 4, step=15)
            for le, share in ("30", 0), ("60", 1), ("+Inf", 1):
                past.add("telnyx_completed_call_duration_seconds_bucket", labels | {"le": le},
                         lambda at, of=stepped, part=share: of(at) * part, step=15)
        # A third one has an old key.
        past.connection("1", lambda _: None, up=0, instance="c")
        for name in ("telnyx_calls_started_total", "telnyx_calls_started_estimated_total"):
            past.add(name, self.labels("1") | {"instance": "c"}, 0)
        view = self.view(past, step=15)
        late = END - HOUR // 2
        for dashboard in (OVERVIEW, DETAIL):
            rates = view.series(dashboard.panel("Call rate"))
            for name in ("started, seen by polls", "started, estimated", "ended, seen by polls"):
                self.assertEqual(len(rates[name]), 241 - 1, name)
                for at, rate in rates[name].items():
                    if at > late:
                        self.assertAlmostEqual(rate, 60, delta=9, msg=f"{name} at {END - at}")
            durations = view.series(dashboard.panel("Completed call duration"))["median"]
            self.assertEqual({round(value) for at, value in durations.items() if at > late}, {45})
        [row] = view.rows(OVERVIEW.panel("Connections"))
        self.assertAlmostEqual(row["Started, estimated"], 60, delta=9)
        failed = view.series(DETAIL.panel("Poll failures"))["failed"]
        self.assertEqual({round(value, 2) for at, value in failed.items() if at > late}, {0.25})

    # ---- Annotations and alerts

    def test_annotations(self):
        past = Past()
        restarted, reloaded = END - 1800, END - 900
        past.of_target("telnyx_exporter_build_info", 1)
        past.of_target("process_start_time_seconds",
                       lambda at: restarted if at > restarted else END - WEEK)
        past.add("process_start_time_seconds", {"job": "node", "instance": "n"}, END - 60)
        past.of_target("telnyx_exporter_config_last_reload_success_timestamp_seconds",
                       lambda at: reloaded if at > reloaded else
                       restarted + 1 if at > restarted else END - WEEK + 1)
        past.of_target("telnyx_exporter_config_last_reload_successful",
                       lambda at: int(at < END - 300))
        alert = {"alertstate": "firing", "severity": "warning", "job": "telnyx"}
        for name, labels in (("TelnyxExporterDown", {}), ("TelnyxStuckCalls", {
                "account": "main", "connection_id": "1"}), ("OtherAlert", {}),
                             ("TelnyxDataStale", {"account": "main", "connection_id": "2"})):
            past.add("ALERTS", {"alertname": name, **alert, **labels}, 1, start=END - 600)
        view = self.view(past, account="main", connection="1")
        for dashboard in (OVERVIEW, DETAIL, HEALTH):
            def events(name, dashboard=dashboard):
                annotation = dashboard.annotation(name)
                return {(series["metric"].get("alertname", series["metric"].get("instance")), value)
                        for series in view.over_time(annotation["expr"])
                        for _, value in series["values"]}, annotation.get("useValueForTime", False)
            starts, is_time = events("Restarts")
            self.assertTrue(is_time)
            self.assertEqual({instance for instance, _ in starts}, {"a"})
            self.assertEqual({float(value) for _, value in starts},
                             {restarted * 1000, (END - WEEK) * 1000})
            reloads, is_time = events("Reloads")
            self.assertTrue(is_time)
            self.assertEqual({(instance, float(value)) for instance, value in reloads},
                             {("a", reloaded * 1000)})
            self.assertEqual({value for _, value in events("Failed reloads")[0]}, {"0", "1"})
            expected = {"TelnyxExporterDown", "TelnyxStuckCalls"}
            if dashboard is HEALTH:
                expected.add("TelnyxDataStale")
            self.assertEqual({name for name, _ in events("Firing alerts")[0]}, expected)

    def test_the_table_of_firing_alerts(self):
        past = Past()
        labels = {"alertname": "TelnyxStuckCalls", "severity": "warning", "account": "main",
                  "connection_id": "1", "connection_name": "support", "job": "telnyx"}
        past.add("ALERTS", labels | {"alertstate": "firing"}, 1)
        past.add("ALERTS_FOR_STATE", labels, END - 120)
        past.add("ALERTS", labels | {"alertname": "TelnyxPending", "alertstate": "pending"}, 1)
        past.add("ALERTS_FOR_STATE", labels | {"alertname": "TelnyxPending"}, END - 120)
        view = self.view(past)
        for dashboard in (OVERVIEW, DETAIL, HEALTH):
            self.assertEqual(view.rows(dashboard.panel("Firing alerts")), [{
                "Alert": "TelnyxStuckCalls", "Severity": "warning", "Account": "main",
                "Connection": "support", "Id": "1", "For": 120}])


class StoredHistogramsTest(EndToEndTest):
    """Servers that keep classic buckets, native histograms, or both, of two replicas."""

    NATIVE = "--enable-feature=native-histograms"

    def start(self):
        self.simulator = self.start_simulator("--rate-limit=1000", scenario=DEMO)
        config = self.write("config.yml", f"""
poll: {{interval: 1s}}
accounts:
  - name: main
    base_url: {self.simulator.api}
    api_key: KEY_MAIN
    rate_limit: {{requests_per_second: 1000, burst: 1000}}
    discovery: {{enabled: true, refresh_interval: 10s, channel_limits: true}}
    connections: [{{id: '404', name: closed}}]
""")
        replicas = [self.start_exporter(config, name=name) for name in ("a", "b")]
        for replica in replicas:
            replica.wait_until_ready()
        rules = self.write("rules.yml", yaml.safe_dump({"groups": [{"name": "test", "rules": [{
            "alert": "TelnyxTest", "expr": "telnyx_connection_up == 0",
            "labels": {"severity": "warning"}}]}]}))
        targets = [replica.url.removeprefix("http://") for replica in replicas]
        both = Prometheus(self, targets, self.NATIVE, "--web.enable-remote-write-receiver",
                          name="both", rules=rules)
        return {
            "both": both,
            # Gives the other one its classic buckets, as a server does that scrapes both kinds.
            "classic": Prometheus(self, targets, name="classic", rules=rules, more={
                "remote_write": [{"url": both.url + "/api/v1/write", "write_relabel_configs": [{
                    "source_labels": ["__name__"], "action": "keep",
                    "regex": "telnyx_(active|completed)_call_duration_seconds_.+"}]}]}),
            "native": Prometheus(self, targets, self.NATIVE, name="native", rules=rules),
        }

    def test_every_query_has_data_and_durations_are_the_same_whatever_is_stored(self):
        servers = self.start()
        kinds = {"classic": {"classic"}, "native": {"native"}, "both": {"classic", "native"}}
        completed = "telnyx_completed_call_duration_seconds"
        for name, prometheus in servers.items():
            for kind, query in (("native", f"count(rate({completed}[4s]))"),
                                ("classic", f"count(rate({completed}_bucket[4s]) > 0)")):
                if kind in kinds[name]:
                    eventually(f"{name} has {kind} histograms",
                               lambda: prometheus.query(query))  # noqa: B023
                else:
                    self.assertEqual(prometheus.query(query), [])
            eventually("discovery has refreshed", lambda: prometheus.query(  # noqa: B023
                "changes(telnyx_discovery_last_success_timestamp_seconds[1m]) > 0"))
        self.check_rules(servers)
        # From now on the numbers stay as they are.
        self.simulator.freeze()
        frozen = time.time()
        for prometheus in servers.values():
            eventually("every connection was polled since", lambda: prometheus.query(  # noqa: B023
                f"min(telnyx_connection_last_success_timestamp_seconds) > {frozen + 2}"))
        median = OVERVIEW.panel("Active call duration")
        medians = {name: self.now(prometheus).newest(median)["median"]
                   for name, prometheus in servers.items()}
        self.assertEqual(medians["both"], medians["native"])
        # Classic buckets are wide: from 60 to 120 s.
        self.assertLess(abs(medians["classic"] - medians["native"]), 0.5 * medians["native"])
        self.simulator.faults("POST", f"status_503@{SUPPORT}")
        for prometheus in servers.values():
            eventually("a connection fails", lambda: prometheus.query(  # noqa: B023
                f'max(telnyx_connection_up{{connection_id="{SUPPORT}"}}) == 0'))
        for name, prometheus in servers.items():
            view = self.now(prometheus)
            for dashboard in each():
                for panel in dashboard.panels():
                    with self.subTest(f"{name}: {dashboard.name}: {panel['title']}"):
                        self.assert_has_data(view, panel)

    def check_rules(self, servers):
        """Those that read histograms have data of every kind."""
        groups = jsonnet("((import 'mixin.libsonnet') + {_config+:: {native_histograms: true}}).groups")
        rules = {rule.get("record", rule.get("alert")): rule["expr"] for group in groups for rule in group["rules"]}
        for query in (rules["connection:telnyx_calls_completed:rate5m"], rules["TelnyxPollsLate"].replace(" > 5", "")):
            for name, prometheus in servers.items():
                eventually(f"{name} answers {query}", lambda: prometheus.query(query))  # noqa: B023

    def now(self, prometheus):
        return View(prometheus, time.time(), seconds=10, step=1, scrape_interval=1)

    def assert_has_data(self, view, panel):
        for target, result in zip(panel.get("targets", []), view.results(panel), strict=True):
            # There is no last week, and there are not that many connections.
            if "offset 1w" in target["expr"] or target["legendFormat"] == "all others":
                continue
            self.assertTrue(result, target["expr"])
            if panel["type"] == "heatmap":
                kinds = {"le" in series["metric"] for series in result}
                self.assertEqual(len(kinds), 1, "one kind in a heatmap")

    def test_a_server_that_starts_to_keep_native_histograms_loses_nothing(self):
        self.simulator = self.start_simulator("--rate-limit=1000", scenario=DEMO)
        exporter = self.start_exporter(self.write("config.yml", f"""
poll: {{interval: 1s}}
accounts:
  - {{name: main, base_url: "{self.simulator.api}", api_key: KEY_MAIN,
     rate_limit: {{requests_per_second: 1000, burst: 1000}}, discovery: {{enabled: true}}}}
"""))
        exporter.wait_until_ready()
        target, storage = exporter.url.removeprefix("http://"), self.directory + "/kept"
        before = Prometheus(self, target, name="before", storage=storage)
        eventually("some buckets", lambda: before.query(
            "count_over_time(telnyx_active_call_duration_seconds_bucket[1m]) > 3"))
        began = time.time()
        before.stop()
        after = Prometheus(self, target, self.NATIVE, name="after", storage=storage)
        eventually("some native histograms", lambda: after.query(
            "count_over_time(telnyx_active_call_duration_seconds[1m]) > 3"))
        view = View(after, time.time(), seconds=int(time.time() - began) + 3, step=1,
                    scrape_interval=1)
        medians = view.series(OVERVIEW.panel("Active call duration"))["median"]
        self.assertLess(min(medians), began)
        calls = view.series(OVERVIEW.panel("Active calls", "timeseries"))["calls"]
        self.assertEqual(set(medians), set(calls))
        [heatmap] = view.results(OVERVIEW.panel("Active call duration, distribution"))
        self.assertEqual([series["metric"] for series in heatmap], [{}])


if __name__ == "__main__":
    unittest.main()
