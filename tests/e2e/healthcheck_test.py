"""--healthcheck: what a container engine learns of an exporter from a second one, with the same flags."""

import os
import signal
import socket
import subprocess
import unittest

from certificates import Authority
from harness import EXPORTER, EndToEndTest

# Of "opensesame", at the lowest cost.
HASH = "$2b$04$abcdefghijklmnopqrstuuFuhxWRTXIsURoluSTZ1N4tYaWGn9oOi"


class HealthCheckTest(EndToEndTest):
    def start(self, *flags):
        simulator = self.start_simulator()
        self.exporter = self.start_exporter(
            self.write_config(simulator.api, [{"id": "1", "name": "one"}]), *flags)
        self.address = self.exporter.url.removeprefix("http://")

    def check(self, *flags, address=None):
        """A proxy that is set for other things is not asked."""
        return subprocess.run(
            [EXPORTER, *([] if "--healthcheck=ready" in flags else ["--healthcheck"]), f"--web.listen-address={address or self.address}", *flags],
            capture_output=True, text=True, check=False,
            env={**os.environ, "http_proxy": "http://127.0.0.1:1", "https_proxy":
                 "http://127.0.0.1:1"})

    def assert_unhealthy(self, result):
        self.assertEqual(result.returncode, 1)
        self.assertIn("telnyx_exporter: not healthy: ", result.stderr)

    def test_one_that_works(self):
        self.start()
        result = self.check()
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        # However the address is written.
        port = self.address.split(":")[1]
        self.assertEqual(self.check(address=f"0.0.0.0:{port}").returncode, 0)
        self.assertEqual(self.check(address=f":{port}").returncode, 0)

    def test_one_that_hangs(self):
        self.start()
        self.exporter.process.send_signal(signal.SIGSTOP)
        self.assert_unhealthy(self.check())

    def test_one_that_is_gone(self):
        self.start()
        self.exporter.stop()
        self.assert_unhealthy(self.check())

    def test_something_else_that_answers(self):
        simulator = self.start_simulator()
        self.address = simulator.api.removeprefix("http://").removesuffix("/v2")
        result = self.check()
        self.assert_unhealthy(result)
        self.assertIn("answered 401", result.stderr)

    def test_one_that_is_ready(self):
        self.start()
        self.exporter.wait_until_ready()
        self.assertEqual(self.check("--healthcheck=ready").returncode, 0)

    def test_one_that_is_not_ready_yet(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.exporter = self.start_exporter(self.write_config(
                f"http://127.0.0.1:{silent.getsockname()[1]}/v2", [{"id": "1", "name": "one"}],
                "interval: 10m, timeout: 10m, stale_after: 10m"))
            self.address = self.exporter.url.removeprefix("http://")
            self.assertEqual(self.check().returncode, 0)
            result = self.check("--healthcheck=ready")
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr, "telnyx_exporter: not ready: answered 503\n")
            self.exporter.stop()

    def test_readiness_needs_an_answer(self):
        web = self.write("web.yml", f"basic_auth_users: {{alice: {HASH}}}\n")
        flag = f"--web.config.file={web}"
        self.start(flag, "--web.probes-without-auth")
        self.exporter.wait_until_ready()
        self.assertEqual(self.check(flag, "--healthcheck=ready").returncode, 0)
        self.exporter.stop()
        self.start(flag)
        result = self.check(flag, "--healthcheck=ready")
        self.assertEqual(result.returncode, 1)
        self.assertIn("--web.probes-without-auth", result.stderr)

    def test_the_rate_limit(self):
        web = self.write("web.yml", "rate_limit: {interval: 1h, burst: 1}\n")
        flag = f"--web.config.file={web}"
        self.start(flag)
        self.assertEqual([self.check(flag).returncode for _ in range(2)], [0, 0])
        self.assert_unhealthy(self.check())  # not with the same flags

    def test_tls_and_a_password(self):
        Authority(self.directory, "ca").issue("server", "DNS:exporter.example")
        web = self.write("web.yml", "tls_server_config: {cert_file: server.pem, key_file: "
                                    f"server.key}}\nbasic_auth_users: {{alice: {HASH}}}\n")
        flag = f"--web.config.file={web}"
        self.start(flag)
        self.assertEqual(self.check(flag).returncode, 0)
        self.assert_unhealthy(self.check())  # not with the same flags
        # The files are no longer what the exporter has read.
        self.write("web.yml", "tls_server_config: [\n")
        self.assertEqual(self.check(flag).returncode, 0)
        os.remove(web)
        self.assertEqual(self.check(flag).returncode, 0)
        self.exporter.stop()
        self.assert_unhealthy(self.check(flag))


if __name__ == "__main__":
    unittest.main()
