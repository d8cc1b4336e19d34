"""The JSON schema of the configuration and the exporter's own loader are of one mind."""

import copy
import glob
import json
import os
import re
import subprocess
import unittest

import jsonschema
import yaml

from harness import EXPORTER, EndToEndTest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCHEMA = os.path.join(ROOT, "config", "telnyx_exporter.schema.json")
EXAMPLES = sorted(set(glob.glob(os.path.join(ROOT, "config", "*.yml")))
                  - {os.path.join(ROOT, "config", "web.yml")})
CASES = sorted(glob.glob(os.path.join(ROOT, "tests", "config", "data", "*.yml")))

# What only the loader sees: a schema compares no two values and knows no units and no RE2.
BEYOND_A_SCHEMA = {
    "invalid-duplicate-account.yml", "invalid-duplicate-connection.yml",
    "invalid-duration-out-of-range.yml", "invalid-size-out-of-range.yml",
    "invalid-stale-before-interval-given.yml", "invalid-stale-before-interval.yml",
    "invalid-stale-before-idle-interval.yml", "invalid-idle-interval.yml",
    "invalid-long-call-thresholds.yml", "invalid-long-call-thresholds-fraction.yml",
}


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: `yes` is a string, and a mapping has each key once."""
    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) != len(keys):
            raise yaml.constructor.ConstructorError(None, None, "duplicate key")
        # Keys are texts, as in JSON.
        return dict(zip(keys, super().construct_mapping(node, deep).values(), strict=True))


for tag, pattern in (("null", r"^(~|null|Null|NULL|)$"),
                     ("bool", r"^(true|True|TRUE|false|False|FALSE)$"),
                     ("int", r"^[-+]?[0-9]+$"),
                     ("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")):
    EditorLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), None)
EditorLoader.add_constructor("tag:yaml.org,2002:int",
                             lambda loader, node: int(loader.construct_scalar(node)))
EditorLoader.add_constructor("tag:yaml.org,2002:float",
                             lambda loader, node: float(loader.construct_scalar(node)))

# A value at its place, whether it is valid. The place is written into CONFIGURATION.
RIGHT, WRONG = True, False
DURATIONS = [("5s", RIGHT), ("30s500ms", RIGHT), ("1500ms", RIGHT), ("15", WRONG), ("5x", WRONG),
             ("1s1m", WRONG), ("5s5s", WRONG), ("1.5s", WRONG), ("''", WRONG), ("~", WRONG),
             ("[]", WRONG), ("-5s", WRONG), ("5 s", WRONG), ("s", WRONG)]
# "True" is left out: YAML takes it for true before a schema sees it, the loader refuses it.
BOOLEANS = [("true", RIGHT), ("false", RIGHT), ("'true'", RIGHT), ("yes", WRONG), ("1", WRONG),
            ("~", WRONG)]
NAMES = [("a", RIGHT), ("5", RIGHT), ("1e5", RIGHT), ("true", RIGHT), ("'ä b'", RIGHT),
         ("''", WRONG), ("~", WRONG), ("[a]", WRONG), ("{a: b}", WRONG), ("\"a\\tb\"", WRONG),
         ("x" * 128, RIGHT), ("x" * 129, WRONG), ("1" * 128, RIGHT), ("1" * 129, WRONG)]
IDS = [("a", RIGHT), ("5", RIGHT), ("1e5", RIGHT), ("true", RIGHT), ("A-b_9", RIGHT), ("'12'", RIGHT),
       ("'ä'", WRONG), ("'a b'", WRONG), ("' 1 '", WRONG), ("'${ID}'", WRONG), ("1.5", WRONG),
       ("''", WRONG), ("~", WRONG), ("[a]", WRONG), ("{a: b}", WRONG), ("x" * 128, RIGHT),
       ("x" * 129, WRONG), ("1" * 128, RIGHT), ("1" * 129, WRONG)]
HOSTS = [("a", RIGHT), ("''", RIGHT), ("5", RIGHT), ("api.telnyx.com", RIGHT), ("a-b_c.d.", RIGHT),
         ("192.0.2.1", RIGHT), ("'::1'", RIGHT), ("'[2001:db8::1]'", RIGHT), ("a b", WRONG),
         ("'a:443'", WRONG), ("https://a", WRONG), ("a/", WRONG), ("'*.a'", WRONG), ("a..b", WRONG),
         (".a", WRONG), ("u@a", WRONG), ("'[a]'", WRONG), ("~", WRONG), ("[a]", WRONG)]
TEXTS = [("a", RIGHT), ("''", RIGHT), ("5", RIGHT), ("~", WRONG), ("[a]", WRONG)]


def integers(least, most):
    return [(str(least), RIGHT), (str(most), RIGHT), (f"'{most}'", RIGHT), (str(least - 1), WRONG),
            (str(most + 1), WRONG), ("1.5", WRONG), ("many", WRONG), ("~", WRONG), ("-1", WRONG)]


ADDRESSES = [("https://h", RIGHT), ("http://h:80/v2/", RIGHT), ("'https://[::1]:1/'", RIGHT),
             ("https://h:65535", RIGHT), ("https://h:65536", WRONG), ("https://h:0", WRONG),
             ("https://h/?x", WRONG), ("'https://h/#x'", WRONG), ("https://u@h", WRONG),
             ("'https://h /'", WRONG), ("h", WRONG), ("ftp://h", WRONG), ("''", WRONG),
             ("https://", WRONG), ("https://:1", WRONG)]
PROXIES = [("''", RIGHT), ("http://h:1", RIGHT), ("socks5h://u:p@h:1", RIGHT),
           ("'socks5://[::1]:1/'", RIGHT), ("http://h/x", WRONG),
           ("socks4://h", WRONG), ("h:1", WRONG)]
VALUES = {
    "poll": [("{}", RIGHT), ("~", WRONG), ("[]", WRONG), ("{x: 1}", WRONG)],
    "poll.interval": DURATIONS, "poll.timeout": DURATIONS, "poll.stale_after": [
        ("1m", RIGHT), ("60", WRONG)],
    "poll.idle_interval": [("1m", RIGHT), ("60", WRONG), ("[]", WRONG)],
    "long_call_thresholds": [("[5m]", RIGHT), ("[1s, 30d]", RIGHT), ("[]", WRONG), ("[5]", WRONG),
                             ("[5m, 5m]", WRONG), ("5m", WRONG),
                             ("[1s, 2s, 3s, 4s, 5s, 6s, 7s, 8s, 9s, 10s, 11s]", WRONG)],
    "poll.peak_window": [("1m30s", RIGHT), ("1h2m3s4ms", RIGHT), *DURATIONS],
    "poll.page_limit": integers(1, 250), "poll.max_pages": integers(1, 1_000_000),
    "poll.max_concurrent_requests": integers(1, 1024),
    "poll.max_response_size": [("4KiB", RIGHT), ("1GiB", RIGHT), ("5000B", RIGHT), ("4MB", WRONG),
                               ("4096", WRONG), ("4.5MiB", WRONG), ("~", WRONG)],
    "duration_buckets": [("[1]", RIGHT), ("[0.5, 1e3]", RIGHT), ("['1', 2]", RIGHT), ("[]", WRONG),
                         ("[0]", WRONG), ("[-1]", WRONG), ("[a]", WRONG), ("[1, 1]", WRONG),
                         ("5", WRONG), (f"[{','.join(map(str, range(1, 65)))}]", RIGHT),
                         (f"[{','.join(map(str, range(1, 66)))}]", WRONG)],
    "accounts[0].name": NAMES,
    "accounts[0].api_key_file": [("/f", RIGHT), ("''", WRONG), ("[]", WRONG), ("~", WRONG)],
    "accounts[0].api_key_env": [("A_1", RIGHT), ("_", RIGHT), ("1A", WRONG), ("A-B", WRONG),
                                ("''", WRONG)],
    "accounts[0].api_key": [("K", RIGHT), ("5", RIGHT), ("''", WRONG), ("{}", WRONG)],
    "accounts[0].base_url": ADDRESSES, "accounts[0].proxy_url": PROXIES,
    "accounts[0].rate_limit": [("{}", RIGHT), ("5", WRONG), ("{requests: 1}", WRONG)],
    "accounts[0].rate_limit.requests_per_second": [
        ("0.5", RIGHT), ("1000", RIGHT), ("'2.5'", RIGHT), ("0", WRONG), ("1000.1", WRONG),
        ("-1", WRONG), ("fast", WRONG), ("'0.0'", WRONG)],
    "accounts[0].rate_limit.burst": integers(1, 10_000),
    "accounts[0].tls": [("{}", RIGHT), ("~", WRONG)],
    "accounts[0].tls.ca_file": TEXTS, "accounts[0].tls.server_name": HOSTS,
    "accounts[0].tls.insecure_skip_verify": BOOLEANS, "accounts[0].tls.verify": [("true", WRONG)],
    "accounts[0].connections": [("[{id: 1}]", RIGHT), ("[]", WRONG), ("~", WRONG), ("{}", WRONG),
                                ("[5]", WRONG), ("[{name: a}]", WRONG), ("[{}]", WRONG)],
    "accounts[0].connections[0].id": IDS, "accounts[0].connections[0].name": NAMES,
    "accounts[0].connections[0].interval": DURATIONS,
    "accounts[0].connections[0].channel_limit": integers(1, 1_000_000),
    "accounts[0].connections[0].limit": [("5", WRONG)],
    "accounts[0].connections[0].labels": [
        ("{}", RIGHT), ("{a: b, _c9: ''}", RIGHT), ("{a: 5}", RIGHT), ("[a]", WRONG),
        ("{a: []}", WRONG),
        ("{9: b}", WRONG), ("{a-b: c}", WRONG), ("{__a: b}", WRONG), ("{account: b}", WRONG),
        ("{connection_id: b}", WRONG), ("{connection_name: b}", WRONG), ("{direction: b}", WRONG),
        ("{reason: b}", WRONG), ("{record_type: b}", WRONG), ("{source: b}", WRONG),
        ("{le: b}", WRONG), ("{quantile: b}", WRONG), ("{code: b}", WRONG),
        ("{seconds: b}", WRONG), ("{job: b}", RIGHT),
        ("{profile_id: b}", WRONG), ("{profile_name: b}", WRONG),
        ("{outbound_voice_profile_id: b}", WRONG), ("{outbound_voice_profile_name: b}", WRONG),
        ("{a: " + "x" * 256 + "}", RIGHT), ("{a: " + "x" * 257 + "}", WRONG),
        ("{" + ", ".join(f"l{i}: x" for i in range(16)) + "}", RIGHT),
        ("{" + ", ".join(f"l{i}: x" for i in range(17)) + "}", WRONG)],
    "accounts[0].discovery": [("{}", RIGHT), ("~", WRONG), ("{on: true}", WRONG)],
    "accounts[0].discovery.enabled": BOOLEANS,
    "accounts[0].discovery.channel_limits": BOOLEANS,
    "accounts[0].proxy_from_environment": BOOLEANS,
    "accounts[0].connections[0].idle_interval": [("1m", RIGHT), ("60", WRONG)],
    "accounts[0].discovery.max_connections": integers(1, 1_000_000),
    "accounts[0].discovery.refresh_interval": [("10s", RIGHT), ("15", WRONG)],
    "accounts[0].discovery.include": [("{}", RIGHT), ("{names: a}", WRONG)],
    "accounts[0].discovery.exclude": [("{}", RIGHT), ("a", WRONG)],
    "accounts[0].discovery.include.name": TEXTS,
    "accounts[0].discovery.include.record_type": [
        ("[a]", RIGHT), ("[]", RIGHT), ("a", WRONG), ("[[a]]", WRONG), ("~", WRONG)],
    "accounts[0].discovery.exclude.tag": [("[a, 5]", RIGHT), ("a", WRONG)],
}


def load(text):
    return yaml.load(text, EditorLoader)


def nested(path, value):
    """The smallest configuration that has the value at the place, as YAML in flow style."""
    text = "\0"
    for step in reversed(re.findall(r"\w+|\[0\]", path)):
        if step == "[0]":
            text = f"[{text}]"
        elif step in ("channel_limit", "labels", "interval", "idle_interval", "name", "limit") and \
                "connections[0]" in path and "connections" not in text:
            text = f"{{id: 1, {step}: {text}}}"
        elif step == "accounts" and not re.search(r"\bconnections\b", text):
            text = f"{{{step}: {text.replace('[{', '[{connections: [{id: 1}], ', 1)}}}"
        else:
            text = f"{{{step}: {text}}}"
    if "accounts" not in text:
        text = text[:-1] + ", accounts: [{connections: [{id: 1}]}]}"
    return text.replace("\0", value) + "\n"


class SchemaTest(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        with open(SCHEMA, encoding="utf-8") as file:
            cls.schema = json.load(file)
        cls.validator = jsonschema.Draft7Validator(cls.schema)

    def schema_accepts(self, text):
        try:
            document = load(text)
        except (yaml.YAMLError, ValueError):
            return False
        return self.validator.is_valid(document)

    def loader_accepts(self, path):
        run = subprocess.run([EXPORTER, "--config.check=syntax", f"--config.file={path}"],
                             capture_output=True, check=False)
        self.assertIn(run.returncode, (0, 1))
        return run.returncode == 0

    def test_it_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(self.schema)

    def test_every_example_and_case(self):
        self.assertGreaterEqual(len(EXAMPLES), 3)
        self.assertGreater(len(CASES), 30)
        for path in EXAMPLES + CASES:
            name = os.path.basename(path)
            with self.subTest(name), open(path, encoding="utf-8") as file:
                self.assertEqual(self.loader_accepts(path), not name.startswith("invalid-"))
                self.assertEqual(self.schema_accepts(file.read()),
                                 not name.startswith("invalid-") or name in BEYOND_A_SCHEMA)

    def test_every_value(self):
        for place, values in VALUES.items():
            for value, right in values:
                text = nested(place, value)
                with self.subTest(text):
                    self.assertEqual(self.loader_accepts(self.write("value.yml", text)), right)
                    self.assertEqual(self.schema_accepts(text), right)

    def test_every_key_is_tried(self):
        tried = {place.removesuffix("[0]").split(".")[-1] for place in VALUES} | {"accounts"}
        for name in self.keys(self.schema):
            self.assertIn(name, tried)

    def keys(self, part):
        if isinstance(part, list):
            return {key for each in part for key in self.keys(each)}
        if not isinstance(part, dict):
            return set()
        found = {key for each in part.values() for key in self.keys(each)}
        named = part.get("properties")
        return found | set(named) if isinstance(named, dict) else found

    def test_an_accounts_keys_together(self):
        for text, right in (
                ("{api_key: a, connections: [{id: 1}]}", RIGHT),
                ("{api_key: a, api_key_env: A, connections: [{id: 1}]}", WRONG),
                ("{api_key: a, api_key_file: a, connections: [{id: 1}]}", WRONG),
                ("{api_key_env: A, api_key_file: a, connections: [{id: 1}]}", WRONG),
                ("{proxy_url: 'http://p:1', proxy_from_environment: true, connections: [{id: 1}]}", WRONG),
                ("{proxy_url: '', proxy_from_environment: true, connections: [{id: 1}]}", RIGHT),
                ("{discovery: {enabled: true}}", RIGHT),
                ("{discovery: {enabled: true}, connections: []}", RIGHT),
                ("{discovery: {enabled: false}}", WRONG), ("{discovery: {}}", WRONG),
                ("{discovery: {enabled: false}, connections: []}", WRONG), ("{}", WRONG)):
            with self.subTest(text):
                text = f"accounts: [{text}]\n"
                self.assertEqual(self.loader_accepts(self.write("account.yml", text)), right)
                self.assertEqual(self.schema_accepts(text), right)

    def test_it_explains_every_key_and_knows_the_defaults(self):
        """The commented example has every default; the schema says the same."""
        with open(os.path.join(ROOT, "config", "telnyx_exporter.yml"), encoding="utf-8") as file:
            example = load(file.read())
        without_default = []

        def compare(schema, value, place):
            schema = {**self.schema["definitions"].get(
                schema.get("$ref", "").rsplit("/", 1)[-1], {}), **schema}
            if isinstance(value, dict) and "properties" in schema:
                for key, inner in value.items():
                    self.assertIn("description", schema["properties"][key], f"{place}.{key}")
                    compare(schema["properties"][key], inner, f"{place}.{key}")
            elif isinstance(value, list) and "default" not in schema:
                compare(schema["items"], value[0], place)
            elif "default" in schema:
                self.assertEqual(schema["default"], value, place)
            else:
                without_default.append(place.rsplit(".", 1)[-1])
        compare(self.schema, copy.deepcopy(example), "")
        self.assertEqual(sorted(without_default),
                         ["channel_limit", "id", "interval", "labels", "name", "name"])


if __name__ == "__main__":
    unittest.main()
