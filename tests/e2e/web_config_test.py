"""The web configuration file, with clients that users have: curl, openssl and a real Prometheus. Prometheus
itself serves under the same file format, so it is also asked what is right."""

import os
import shutil
import subprocess
import unittest

from certificates import Authority
from harness import (API_KEY, EXPORTER, EndToEndTest, Process, eventually, fetch_json, free_port,
                     parse_text)

# Of "opensesame", at the lowest cost.
HASH = "$2b$04$abcdefghijklmnopqrstuuFuhxWRTXIsURoluSTZ1N4tYaWGn9oOi"
USERS = f"basic_auth_users: {{alice: {HASH}}}\n"
TLS = "cert_file: server.pem, key_file: server.key"
CLIENT_AUTH_TYPES = ("NoClientCert", "RequestClientCert", "RequireAnyClientCert",
                     "VerifyClientCertIfGiven", "RequireAndVerifyClientCert")


def curl(url, *arguments):
    """The status of the answer, "000" without one."""
    run = subprocess.run(["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "60",
                          "--output", "/dev/null", "--write-out", "%{http_code}", *arguments, url],
                         capture_output=True, text=True, check=False)
    return run.stdout


class WebConfigTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory, "ca")
        self.authority.issue("server", "IP:127.0.0.1,DNS:localhost")

    def start(self, web_config, *flags):
        """Starts the exporter on a web configuration and returns it, its url set to where it listens."""
        self.web_config = self.write("web.yml", web_config)
        simulator = self.start_simulator("--connections=2")
        exporter = self.start_exporter(self.write_config(simulator.api, simulator.truth()),
                                       f"--web.config.file={self.web_config}", *flags)
        if "tls_server_config" in web_config:
            exporter.url = exporter.url.replace("http:", "https:")
        return exporter

    def start_prometheus(self, name, *flags, scrape=""):
        """A Prometheus with a configuration of its own; returns the process and its address."""
        config = self.write(f"{name}.yml", scrape)
        for _ in range(5):  # another program may take the port first
            port = free_port()
            prometheus = self.keep(Process(
                ["prometheus", f"--config.file={config}",
                 f"--storage.tsdb.path={self.directory}/{name}-{port}",
                 f"--web.listen-address=127.0.0.1:{port}", *flags], self.directory,
                f"{name}-{port}"))
            eventually("Prometheus is ready or has ended", lambda: prometheus.process.poll()
                       is not None or "Server is ready" in prometheus.log())
            if prometheus.process.poll() is None:
                return f"127.0.0.1:{port}"
        raise AssertionError("Prometheus did not start: " + prometheus.log())

    def trusting(self, *arguments):
        return ("--cacert", self.authority.pem, *arguments)

    def test_curl_with_certificate_and_password(self):
        certificate, key = self.authority.issue("client", "DNS:prometheus.test")
        exporter = self.start(
            f"tls_server_config: {{{TLS}, client_ca_file: ca.pem, "
            f"client_auth_type: RequireAndVerifyClientCert}}\n{USERS}")
        client = self.trusting("--cert", certificate, "--key", key)
        right = ("--user", "alice:opensesame")
        for path in ("/metrics", "/-/healthy", "/"):
            self.assertEqual(curl(exporter.url + path, *client, *right), "200")
            self.assertEqual(curl(exporter.url + path, *client), "401")
            self.assertEqual(curl(exporter.url + path, *client, "--user", "alice:wrong"), "401")
            self.assertEqual(curl(exporter.url + path, *self.trusting(*right)), "000")
        self.assertEqual(curl(exporter.url + "/metrics", *client, *right, "--head"), "200")
        self.assertEqual(curl(exporter.url + "/metrics", *client, *right, "--request", "PUT"), "405")
        self.assertEqual(curl(exporter.url.replace("https", "http") + "/metrics", *right), "000")
        # The exposition has the exporter's own counters within a second.
        refused = ("telnyx_exporter_web_requests_total",
                   frozenset({("handler", "credentials"), ("code", "401")}))
        eventually("the refusals are counted",
                   lambda: refused in self.scrape(exporter, *client, *right))
        self.assertNotIn("opensesame", exporter.log())

    def scrape(self, exporter, *arguments):
        run = subprocess.run(["curl", "--silent", "--noproxy", "*", *arguments,
                              exporter.url + "/metrics"], capture_output=True, text=True, check=True)
        return parse_text(run.stdout)

    def test_prometheus_scrapes_with_certificate_and_password(self):
        certificate, key = self.authority.issue("client", "DNS:prometheus.test")
        exporter = self.start(
            f"tls_server_config: {{{TLS}, client_ca_file: ca.pem, min_version: TLS13, "
            "client_auth_type: RequireAndVerifyClientCert, "
            f"client_allowed_sans: [prometheus.test]}}\n{USERS}")
        target = exporter.url.removeprefix("https://")
        tls = (f"tls_config: {{ca_file: {self.authority.pem}, cert_file: {certificate}, "
               f"key_file: {key}}}")
        scrape = ("global: {scrape_interval: 1s}\nscrape_configs:\n"
                  + "".join(f"  - job_name: {name}\n    scheme: https\n    {tls}\n"
                            f"    basic_auth: {{username: alice, password: {password}}}\n"
                            f"    static_configs: [{{targets: [\"{target}\"]}}]\n"
                            for name, password in (("right", "opensesame"), ("wrong", "x"))))
        prometheus = self.start_prometheus("prometheus", scrape=scrape)

        def up(job):
            url = f"http://{prometheus}/api/v1/query?query=up{{job=\"{job}\"}}"
            result = fetch_json(url)["data"]["result"]
            return result and result[0]["value"][1]
        eventually("the right password gets the numbers", lambda: up("right") == "1")
        self.assertEqual(eventually("the wrong one is refused", lambda: up("wrong")), "0")

    def test_clients_are_let_in_as_prometheus_lets_them_in(self):
        known = self.authority.issue("client", "DNS:prometheus.test")
        stranger = Authority(self.directory, "stranger").issue("stranger-client",
                                                               "DNS:prometheus.test")
        clients = {"none": (), "known": ("--cert", known[0], "--key", known[1]),
                   "stranger": ("--cert", stranger[0], "--key", stranger[1])}
        outcomes = set()
        for client_auth_type in CLIENT_AUTH_TYPES:
            authority = "" if client_auth_type == "NoClientCert" else "client_ca_file: ca.pem, "
            exporter = self.start(f"tls_server_config: {{{TLS}, {authority}"
                                  f"client_auth_type: {client_auth_type}}}\n")
            prometheus = self.start_prometheus(f"server-{client_auth_type}",
                                               f"--web.config.file={self.web_config}")
            for name, arguments in clients.items():
                ours = curl(exporter.url + "/-/healthy", *self.trusting(*arguments))
                theirs = curl(f"https://{prometheus}/-/healthy", *self.trusting(*arguments))
                self.assertEqual(ours, theirs, f"{client_auth_type} with the certificate {name}")
                outcomes.add(ours)
            exporter.stop()
        self.assertEqual(outcomes, {"200", "000"})

    def speaks(self, exporter, *arguments):
        run = subprocess.run(["openssl", "s_client", "-connect", exporter.url.removeprefix("https://"),
                              "-cipher", "DEFAULT@SECLEVEL=0", *arguments], input="",
                             capture_output=True, text=True, check=False)
        return run.returncode == 0 and "Cipher is (NONE)" not in run.stdout

    def test_tls_11_is_refused_unless_it_is_asked_for(self):
        exporter = self.start(f"tls_server_config: {{{TLS}}}\n")
        self.assertFalse(self.speaks(exporter, "-tls1"))
        self.assertFalse(self.speaks(exporter, "-tls1_1"))
        self.assertTrue(self.speaks(exporter, "-tls1_2"))
        self.assertTrue(self.speaks(exporter, "-tls1_3"))
        exporter.stop()
        exporter = self.start(f"tls_server_config: {{{TLS}, min_version: TLS11}}\n")
        self.assertTrue(self.speaks(exporter, "-tls1_1"))

    def subject(self, exporter):
        """Of the certificate that is shown; empty when the server ends the client, as it does with all when one comes into
        force."""
        client = subprocess.run(["openssl", "s_client", "-connect",
                                 exporter.url.removeprefix("https://")], input=b"",
                                capture_output=True, check=False)
        if client.returncode != 0:
            return ""
        return subprocess.run(["openssl", "x509", "-noout", "-subject"], input=client.stdout,
                              capture_output=True, check=True).stdout.decode()

    def install(self, certificate, key):
        shutil.copy(certificate, f"{self.directory}/server.pem")
        shutil.copy(key, f"{self.directory}/server.key")

    def test_takes_renewed_certificates_and_users_up(self):
        exporter = self.start(f"tls_server_config: {{{TLS}}}\n{USERS}")
        self.assertIn("server", self.subject(exporter))
        self.install(*self.authority.issue("renewed", "IP:127.0.0.1"))
        eventually("the renewed certificate is shown", lambda: "renewed" in self.subject(exporter))
        self.write("web.yml", f"tls_server_config: {{{TLS}}}\n" + USERS.replace("alice", "bob"))
        eventually("the new user is known", lambda: curl(
            exporter.url + "/metrics", *self.trusting("--user", "bob:opensesame")) == "200")
        self.assertEqual(curl(exporter.url + "/metrics",
                              *self.trusting("--user", "alice:opensesame")), "401")

    def test_a_broken_file_keeps_the_last_good_one(self):
        exporter = self.start(f"tls_server_config: {{{TLS}}}\n{USERS}")
        right = self.trusting("--user", "alice:opensesame")
        for name, text, message in (
                ("server.pem", "nothing", "is not a certificate in PEM"),
                ("web.yml", "basic_auth_users: [", "end of sequence flow not found"),
                ("web.yml", "", "is empty: write {} to remove all rules"),
                ("web.yml", "{}", "TLS cannot be switched on or off")):
            self.write(name, text)
            exporter.find_in_log(message)
            self.assertEqual(curl(exporter.url + "/metrics", *right), "200")
            self.assertEqual(curl(exporter.url + "/metrics", *self.trusting()), "401")
        self.assertEqual(exporter.log().count("level=error"), 4, exporter.log())

    def test_a_certificate_is_renewed_while_the_configuration_is_broken(self):
        exporter = self.start(f"tls_server_config: {{{TLS}}}\n")
        loaded = ("telnyx_exporter_web_config_last_reload_successful", frozenset())
        expiry = ("telnyx_exporter_tls_certificate_expiry_timestamp_seconds", frozenset())
        samples = self.scrape(exporter, *self.trusting())
        self.assertEqual(samples[loaded], 1)
        self.assertGreater(samples[expiry], 1.7e9)
        self.write("web.yml", "x: 1\n")
        eventually("the refusal shows",
                   lambda: self.scrape(exporter, *self.trusting())[loaded] == 0)
        page = subprocess.run(["curl", "--silent", "--noproxy", "*", *self.trusting(),
                               exporter.url], capture_output=True, text=True, check=True).stdout
        self.assertIn("x: unknown key", page)
        self.install(*self.authority.issue("renewed", "IP:127.0.0.1"))
        eventually("the renewed certificate is shown", lambda: "renewed" in self.subject(exporter))
        self.assertEqual(self.scrape(exporter, *self.trusting())[loaded], 0)

    def test_what_is_no_file_is_refused_and_changes_nothing(self):
        exporter = self.start(USERS)
        refusals = 0
        for replace in (os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/zero", path)):
            os.rmdir(self.web_config) if os.path.isdir(self.web_config) else os.remove(
                self.web_config)
            replace(self.web_config)
            refusals += 1
            eventually("it is refused",
                       lambda: exporter.log().count("web configuration refused") >= refusals)
            self.assertEqual(curl(exporter.url, "--user", "alice:opensesame"), "200")
            self.assertEqual(curl(exporter.url), "401")
        self.assertEqual(exporter.stop(), 0)

    def test_probes_can_be_left_open(self):
        exporter = self.start(USERS, "--web.probes-without-auth")
        for path, status in (("/-/healthy", "200"), ("/-/ready", "200"), ("/metrics", "401"),
                             ("/", "401")):
            eventually(path, lambda: curl(exporter.url + path) == status)
        self.assertEqual(curl(exporter.url + "/-/healthy", "--request", "POST"), "401")

    def test_headers_and_rate_limit(self):
        exporter = self.start("http_server_config: {headers: {X-Frame-Options: deny}}\n"
                              "rate_limit: {interval: 1h, burst: 2}\n")
        run = subprocess.run(["curl", "--silent", "--noproxy", "*", "--head", exporter.url],
                             capture_output=True, text=True, check=True)
        self.assertIn("X-Frame-Options: deny", run.stdout)
        self.assertEqual([curl(exporter.url) for _ in range(2)], ["200", "429"])


# What promtool of Debian 12 says of each, and we too.
GOOD = (
    "", "tls_server_config:\n", f"tls_server_config: {{{TLS}}}\n", USERS,
    "basic_auth_users:\n", "http_server_config: {http2: false}\n",
    "http_server_config: {headers: {X-Frame-Options: deny, X-Content-Type-Options: nosniff, "
    "X-XSS-Protection: x, Content-Security-Policy: x, Strict-Transport-Security: ''}}\n",
    f"tls_server_config: {{{TLS}, min_version: TLS10, max_version: TLS13, "
    "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256, "
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA], "
    "curve_preferences: [CurveP256, CurveP384, CurveP521, X25519], "
    "prefer_server_cipher_suites: false}\n",
    *(f"tls_server_config: {{{TLS}, client_auth_type: {t}}}\n" for t in CLIENT_AUTH_TYPES),
    f"tls_server_config: {{{TLS}, client_auth_type: RequireClientCert, client_ca_file: ca.pem}}\n",
)
BAD = (
    "x: 1\n", "tls_server_config: [x]\n", "- x\n", "tls_server_config: {cert_file: server.pem}\n",
    "tls_server_config: {key_file: server.key}\n", f"tls_server_config: {{{TLS}, x: 1}}\n",
    "tls_server_config: {cert_file: none.pem, key_file: server.key}\n",
    "tls_server_config: {cert_file: server.key, key_file: server.pem}\n",
    "tls_server_config: {cert_file: server.pem, key_file: ca.key}\n",
    f"tls_server_config: {{{TLS}, client_ca_file: ca.pem}}\n",
    f"tls_server_config: {{{TLS}, client_ca_file: none.pem, client_auth_type: RequestClientCert}}\n",
    f"tls_server_config: {{{TLS}, client_auth_type: x}}\n",
    f"tls_server_config: {{{TLS}, min_version: TLS14}}\n",
    f"tls_server_config: {{{TLS}, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}}\n",
    f"tls_server_config: {{{TLS}, curve_preferences: [P256]}}\n",
    "http_server_config: {headers: {Server: x}}\n",
    "http_server_config: {headers: {X-Frame-Options: ''}}\n",
    "http_server_config: {headers: {X-Content-Type-Options: x}}\n", "http_server_config: {http2: x}\n",
    "basic_auth_users: {alice: opensesame}\n", "basic_auth_users: {alice: }\n",
    USERS + USERS, "basic_auth_users: [\n",
)
# What docs/access.md lists: promtool lets it through, and we do not.
STRICTER = (
    "tls_server_config: {min_version: TLS13}\n",
    f"tls_server_config: {{{TLS}, min_version: TLS13, max_version: TLS12}}\n",
    f"tls_server_config: {{{TLS}, cipher_suites: [TLS_RSA_WITH_AES_128_GCM_SHA256]}}\n",
    f"tls_server_config: {{{TLS}, cipher_suites: [TLS_AES_128_GCM_SHA256]}}\n",
    f"tls_server_config: {{{TLS}, max_version: TLS12, "
    "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}\n",
    f"tls_server_config: {{{TLS}, client_auth_type: RequestClientCert, client_ca_file: ca.key}}\n",
    "http_server_config: {http2: yes}\n",
    f"basic_auth_users: {{'a:b': {HASH}}}\n",
    f"basic_auth_users: {{alice: {HASH.replace('$04$', '$17$')}}}\n",
    f"basic_auth_users: {{alice: {HASH.replace('$2b$', '$2x$')}}}\n",
    f"basic_auth_users: {{alice: {HASH}x}}\n",
    "http_server_config: {http2: false}\n---\nx: 1\n",
)
# What only newer releases of the toolkit know.
NEWER = (
    "rate_limit: {interval: 1s, burst: 20}\n",
    f"tls_server_config: {{{TLS}, client_auth_type: RequireAnyClientCert, client_allowed_sans: [x]}}\n",
)


class AgreementTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        Authority(self.directory, "ca").issue("server", "IP:127.0.0.1")
        self.config = self.write("config.yml", "accounts: [{connections: [{id: 1}]}]\n")

    def verdicts(self, text):
        path = self.write("web.yml", text)
        ours = subprocess.run([EXPORTER, "--config.check", f"--config.file={self.config}",
                               f"--web.config.file={path}"], capture_output=True, text=True,
                              check=False)
        theirs = subprocess.run(["promtool", "check", "web-config", path], capture_output=True,
                                check=False)
        self.assertIn(ours.returncode, (0, 1))
        return ours.returncode == 0, theirs.returncode == 0

    def test_promtool_agrees(self):
        for text in GOOD:
            self.assertEqual(self.verdicts(text), (True, True), text)
        for text in BAD:
            self.assertEqual(self.verdicts(text), (False, False), text)

    def test_is_stricter_and_newer_where_the_documentation_says(self):
        # Of the toolkit's later releases some agree with us.
        for text in STRICTER:
            self.assertFalse(self.verdicts(text)[0], text)
        for text in NEWER:
            self.assertTrue(self.verdicts(text)[0], text)

    def test_the_example_is_right(self):
        example = os.path.join(os.path.dirname(__file__), "../../config/web.yml")
        with open(example, encoding="utf-8") as file:
            self.assertEqual(self.verdicts(file.read())[0], True)

    def test_config_check_prints_the_errors_of_both_files(self):
        config = self.write("config.yml", "accounts: []\n")
        path = self.write("web.yml", "x: 1\nbasic_auth_users: {alice: opensesame}\n")
        run = subprocess.run([EXPORTER, "--config.check", f"--config.file={config}",
                              f"--web.config.file={path}"], capture_output=True, text=True,
                             check=False)
        self.assertEqual(run.returncode, 1)
        places = [line.rsplit(": ", 1)[0].split(": ")[:2] for line in run.stderr.splitlines()]
        self.assertEqual([place[0] for place in places],
                         [f"{config}:1:11", f"{path}:1:1", f"{path}:2:27"])
        self.assertNotIn("opensesame", run.stderr)

    def test_a_wrong_file_stops_the_start(self):
        path = self.write("web.yml", "x: 1\n")
        run = subprocess.run([EXPORTER, f"--config.file={self.config}", f"--web.config.file={path}"],
                             capture_output=True, text=True, check=False, timeout=60,
                             env={"TELNYX_API_KEY": API_KEY})
        self.assertEqual(run.returncode, 1)
        self.assertIn(f"{path}:1:1: x: unknown key", run.stderr)


if __name__ == "__main__":
    unittest.main()
