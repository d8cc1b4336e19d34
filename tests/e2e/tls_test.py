"""Polls over TLS: nginx with a private authority in front of the simulator, HTTP/2 in use."""

import os
import unittest

from certificates import Authority
from harness import EndToEndTest, Process, connection_labels, eventually, fetch, free_port


class TlsTest(EndToEndTest):
    def start_nginx(self, api):
        upstream = api.removeprefix("http://").removesuffix("/v2")
        for _ in range(5):  # another program may take the port first
            port = free_port()
            config = self.write("nginx.conf", f"""
daemon off;
master_process off;
pid {self.directory}/nginx.pid;
error_log {self.directory}/error.log;
events {{}}
http {{
  log_format protocol '$server_protocol $status';
  access_log {self.directory}/access.log protocol;
  client_body_temp_path {self.directory}/body;
  proxy_temp_path {self.directory}/proxy;
  fastcgi_temp_path {self.directory}/fastcgi;
  uwsgi_temp_path {self.directory}/uwsgi;
  scgi_temp_path {self.directory}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {self.directory}/api.pem;
    ssl_certificate_key {self.directory}/api.key;
    location / {{ proxy_pass http://{upstream}; }}
  }}
}}
""")
            nginx = self.keep(Process(["nginx", "-c", config], self.directory, f"nginx-{port}"))
            eventually("nginx listens or ends", lambda: nginx.process.poll() is not None or
                       os.path.exists(f"{self.directory}/nginx.pid"))
            if nginx.process.poll() is None:
                return f"https://localhost:{port}/v2"
        raise AssertionError(f"nginx did not start: {nginx.log()}")

    def start(self, host="DNS:localhost", authority="ca", tls="ca_file: {dir}/ca.pem"):
        authorities = {name: Authority(self.directory, name) for name in {"ca", authority}}
        authorities[authority].issue("api", host)
        simulator = self.start_simulator("--connections=2")
        connections = simulator.truth()
        settings = tls.format(dir=self.directory)
        config = self.write_config(self.start_nginx(simulator.api), connections,
                                   account=f"    tls: {{{settings}}}\n")
        exporter = self.start_exporter(config)
        exporter.wait_until_ready()
        return exporter, connections

    def assert_refused(self, exporter, connections):
        samples = exporter.metrics()
        for connection in connections:
            self.assertEqual(samples["telnyx_connection_up", connection_labels(connection)], 0)
            self.assertEqual(samples["telnyx_connection_failure_info",
                                     connection_labels(connection, reason="tls")], 1)
            self.assertNotIn(("telnyx_active_calls", connection_labels(connection)), samples)
        self.assertIn("reason=tls", exporter.log())

    def test_polls_with_http2(self):
        exporter, connections = self.start()
        samples = exporter.metrics()
        for connection in connections:
            self.assertEqual(samples["telnyx_connection_up", connection_labels(connection)], 1)
            self.assertGreater(samples["telnyx_active_calls", connection_labels(connection)], 0)
        with open(f"{self.directory}/access.log", encoding="utf-8") as log:
            self.assertEqual(set(log.read().split("\n")) - {""}, {"HTTP/2.0 200"})

    def test_checks_against_the_configured_name(self):
        exporter, connections = self.start(
            host="DNS:api.internal", tls="ca_file: {dir}/ca.pem, server_name: api.internal")
        self.assertEqual(
            exporter.metrics()["telnyx_connection_up", connection_labels(connections[0])], 1)

    def test_refuses_an_unknown_authority(self):
        self.assert_refused(*self.start(authority="other"))

    def test_refuses_a_certificate_for_another_host(self):
        self.assert_refused(*self.start(host="DNS:other.example"))


if __name__ == "__main__":
    unittest.main()
