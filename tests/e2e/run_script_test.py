"""scripts/run.sh, as people call it: made-up numbers on /metrics, other scenarios, and nothing left behind.

It is told where the programs are, so it builds nothing; scripts/check_bare_debian.sh proves that part.
"""

import os
import re
import unittest

from harness import EXPORTER, EndToEndTest, Process, eventually, fetch, fetch_json, parse_text

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "run.sh")


class RunScript(Process):
    def __init__(self, directory, *arguments, **environment):
        super().__init__([SCRIPT, *arguments], directory, "run", {
            "TELNYX_EXPORTER_BUILD_DIR": os.path.dirname(EXPORTER), "TELNYX_EXPORTER_LISTEN":
            "127.0.0.1:0", "TELNYX_API_KEY": "", "TMPDIR": directory, **environment})

    def wait_until_it_listens(self):
        self.url = "http://" + self.find_in_log(r"listening.*?address\W+([0-9.]+:\d+)").group(1)

    def metrics(self):
        return parse_text(fetch(self.url + "/metrics")[2].decode())

    def control(self):
        return self.find_in_log(r"simulated API at (http://\S+)/v2").group(1) + "/simulator"


class RunScriptTest(EndToEndTest):
    def run_script(self, *arguments, **environment):
        script = self.keep(RunScript(self.directory, *arguments, **environment))
        script.wait_until_it_listens()
        return script

    def values(self, metrics, name, **labels):
        return {dict(key)["connection_name"]: value for (metric, key), value in metrics.items()
                if metric == name and labels.items() <= dict(key).items()}

    def calls(self, script):
        return self.values(script.metrics(), "telnyx_active_calls")

    def test_ends_with_live_numbers_of_two_accounts(self):
        script = self.run_script()
        eventually("both accounts are polled", lambda: {"support", "kundendienst"} <=
                   {name for name, calls in self.calls(script).items() if calls > 0})
        first = self.calls(script)
        eventually("the numbers change", lambda: self.calls(script) != first)
        metrics = script.metrics()
        self.assertEqual(self.values(metrics, "telnyx_connection_channel_limit",
                                     direction="inbound")["support"], 250)
        self.assertIn(("telnyx_outbound_voice_profile_concurrent_call_limit", frozenset(
            {"account": "main", "profile_id": "1911630617284445511",
             "profile_name": "domestic"}.items())), metrics)
        self.assertEqual(fetch(script.url + "/")[0], 200)
        self.assertIn("Made-up calls of config/scenarios/demo.yml", script.log())
        self.assertNotIn("level=warn", script.log())
        self.assertNotIn("grep", script.log())

    def test_plays_the_scenario_at_the_speed_that_it_is_told(self):
        script = self.run_script(SCENARIO="flash-crowd", SPEED="20")
        eventually("the crowd comes", lambda: self.calls(script).get("hotline", 0) > 1000)
        eventually("and goes", lambda: self.calls(script)["hotline"] < 500)

    def test_plays_a_file_of_ones_own(self):
        file = self.write("own.yml", "accounts: [{name: a, api_key: k, connections: "
                                     "[{id: x, calls: [{active: 50}]}]}]\n")
        script = self.run_script(SCENARIO=file)
        eventually("it is polled", lambda: self.calls(script).get("x", 0) > 0)

    def test_hands_its_arguments_to_the_exporter(self):
        script = self.run_script("--log.format=json")
        self.assertRegex(script.log(), r'(?m)^\{.*"level":"info"')

    def test_leaves_nothing_behind(self):
        script = self.run_script()
        control = script.control()
        self.assertIn("connections", fetch_json(control + "/truth"))
        self.assertEqual(script.stop(), 0, script.log())
        with self.assertRaises(OSError):
            fetch(control + "/healthy")
        with self.assertRaises(OSError):
            fetch(script.url + "/metrics")
        self.assertEqual([name for name in os.listdir(self.directory) if name.startswith("tmp.")],
                         [])

    def test_says_what_is_wrong_with_a_scenario(self):
        file = self.write("wrong.yml", "accounts: [{name: a, api_key: k}]\nbegin: 12:00\n")
        script = self.keep(RunScript(self.directory, SCENARIO=file))
        self.assertEqual(script.process.wait(60), 1)
        self.assertIn(f"{file}:2:1: begin: unknown key; did you mean begins?", script.log())
        self.assertIsNone(re.search("Look at", script.log()))


if __name__ == "__main__":
    unittest.main()
