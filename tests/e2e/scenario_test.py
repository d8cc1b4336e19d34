"""Discovery with limits against scenarios: kinds, limits, profiles, accounts of their own, and what changes in a day."""

import re
import unittest

from harness import SIMULATOR, EndToEndTest, Process, eventually, fetch, fetch_json

SCENARIO = """
begins: "11:59"
accounts:
  - name: main
    api_key: KEY_MAIN
    lacking: [texml_applications, fqdn_connections]
    outbound_voice_profiles: [{id: "77", name: domestic, concurrent_call_limit: 300}, {id: "78", name: free}]
    connections:
      - id: "1"
        name: support
        tags: [production]
        inbound_channel_limit: 250
        outbound_voice_profile: "77"
        renamed: [{at: "12:00", name: helpdesk}]
        calls: [{active: 80}]
      - id: "2"
        name: office
        record_type: credential_connection
        tags: [internal]
        inbound_channel_limit: 20
        outbound_channel_limit: 30
        calls: [{active: 10}]
      - {id: "3", name: machine, record_type: fax_application}
      - {id: "4", name: silent, record_type: ip_connection, webhook: false}
      - id: "5"
        name: campaign
        tags: [production]
        present: {from: "12:00", until: "12:30"}
        calls: [{active: 40}]
  - name: europe
    api_key: KEY_EUROPE
    connections: [{id: "11", name: kundendienst, inbound_channel_limit: 90, calls: [{active: 30}]}]
faults:
  - {fault: status_503, account: europe, from: "12:30", until: "13:00"}
"""
LIMIT = "telnyx_connection_channel_limit"


class ScenarioTest(EndToEndTest):
    def start(self, *flags, scenario=SCENARIO):
        file = self.write("scenario.yml", scenario)
        self.simulator = self.keep(Process(
            [SIMULATOR, "--web.listen-address=127.0.0.1:0", f"--scenario={file}",
             f"--exporter-config={self.directory}", *flags], self.directory, "simulator"))
        self.control = self.simulator.find_in_log(r"listening on (http://\S+)/v2").group(
            1) + "/simulator"

    def start_polling(self, *changes):
        """Reads the lists as often as the exporter allows."""
        path = f"{self.directory}/telnyx_exporter.yml"
        with open(path, encoding="utf-8") as file:
            text = file.read().replace("interval: 5s", "interval: 1s, stale_after: 3s, timeout: 1s")
        text = text.replace("refresh_interval: 30s", "refresh_interval: 10s")
        for old, new in changes:
            text = text.replace(old, new)
        self.exporter = self.start_exporter(self.write("config.yml", text))
        self.exporter.wait_until_ready()

    def advance_to(self, seconds):
        fetch(f"{self.control}/advance?seconds={seconds}", "POST")

    def by_name(self, metric, **labels):
        return {dict(key)["connection_name"]: value
                for (name, key), value in self.exporter.metrics().items()
                if name == metric and labels.items() <= dict(key).items()}

    def truth(self, account):
        return {c["name"]: c["legs"] for c in fetch_json(self.control + "/truth")["connections"]
                if c["account"] == account}

    def test_knows_limits_profiles_and_accounts(self):
        self.start("--frozen")
        self.start_polling()
        self.assertEqual(self.by_name("telnyx_active_calls"), {
            name: legs for account in ("main", "europe")
            for name, legs in self.truth(account).items() if name not in ("machine", "silent")})
        self.assertEqual(self.by_name("telnyx_active_calls", account="europe"),
                         self.truth("europe"))
        self.assertEqual(self.by_name(LIMIT, direction="inbound"),
                         {"support": 250, "office": 20, "kundendienst": 90})
        self.assertEqual(self.by_name(LIMIT, direction="outbound"), {"office": 30})
        self.assertEqual(self.by_name("telnyx_connection_info", account="main",
                                      outbound_voice_profile_id="77",
                                      outbound_voice_profile_name="domestic"), {"support": 1})
        self.assertEqual(self.by_name("telnyx_connection_info",
                                      record_type="credential_connection"), {"office": 1})
        profiles = {dict(key)["profile_name"]: value for (name, key), value
                    in self.exporter.metrics().items()
                    if name == "telnyx_outbound_voice_profile_concurrent_call_limit"}
        self.assertEqual(profiles, {"domestic": 300})

        lacking = re.findall(r"list not available.*account=(\S+) list=(\S+)",
                             self.exporter.log())
        self.assertEqual(sorted(lacking), [
            ("europe", "/inbound_channels"), ("main", "/fqdn_connections"),
            ("main", "/inbound_channels"), ("main", "/texml_applications")])
        for what in (self.exporter.log(), fetch(self.exporter.url + "/metrics")[2].decode(),
                     fetch(self.exporter.url + "/")[2].decode()):
            self.assertNotIn("PASSWORD_OF", what)

    def test_filters_by_tag_and_kind(self):
        self.start("--frozen")
        self.start_polling(("enabled: true", "enabled: true, include: {tag: [production, internal], "
                                             "record_type: [credential_connection]}"))
        self.assertEqual(set(self.by_name("telnyx_active_calls")), {"office"})

    def test_follows_what_changes_in_a_day(self):
        self.start("--frozen")
        self.start_polling()
        self.assertEqual(set(self.by_name("telnyx_active_calls", account="main")),
                         {"support", "office"})
        self.advance_to(60)
        eventually("one is renamed and one has come", lambda: set(
            self.by_name("telnyx_active_calls", account="main")) == {
                "helpdesk", "office", "campaign"})
        self.assertEqual(self.by_name("telnyx_active_calls", account="main"),
                         {name: legs for name, legs in self.truth("main").items()
                          if name not in ("machine", "silent")})

        # At 12:30 the campaign goes and one account's part of the API is out of order.
        self.advance_to(1800)
        eventually("the account fails", lambda: self.by_name(
            "telnyx_connection_up", account="europe") == {"kundendienst": 0})
        eventually("its values are not known any more", lambda: self.by_name(
            "telnyx_active_calls", account="europe") == {})
        eventually("two lists leave the campaign out", lambda: set(
            self.by_name("telnyx_connection_up", account="main")) == {"helpdesk", "office"})
        self.assertEqual(self.by_name("telnyx_connection_up", account="main"),
                         {"helpdesk": 1, "office": 1})
        self.assertEqual(self.by_name(LIMIT, direction="inbound", account="europe"),
                         {"kundendienst": 90}, "a failed list changes nothing")

        self.advance_to(1800)
        eventually("it is well again", lambda: self.by_name(
            "telnyx_active_calls", account="europe") == self.truth("europe"))


if __name__ == "__main__":
    unittest.main()
