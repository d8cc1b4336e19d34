"""Many clients at once, and sockets that systemd passes."""

import os
import resource
import socket
import subprocess
import sys
import unittest

from harness import API_KEY, EXPORTER, EndToEndTest, Process, fetch

CROWD = 10_000
# Becomes the exporter with a listening socket where systemd would put it.
PASS_SOCKET = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


class CrowdTest(EndToEndTest):
    def start(self):
        simulator = self.start_simulator("--connections=2")
        exporter = self.start_exporter(self.write_config(simulator.api, simulator.truth()))
        exporter.wait_until_ready()
        host, port = exporter.url.removeprefix("http://").split(":")
        return exporter, (host, int(port))

    def crowd(self, address, exporter, source, first_bytes):
        """Connects again and again; the numbers must be there all the time."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        clients = []
        self.addCleanup(lambda: [client.close() for client in clients])
        for i in range(CROWD):
            if len(clients) >= most - 200:
                clients.pop(0).close()
            client = socket.create_connection(address, source_address=(source(i), 0))
            client.sendall(first_bytes)
            clients.append(client)
            if i % 500 == 0:
                self.assertIn(b"telnyx_active_calls{", fetch(exporter.url + "/metrics")[2])
        status, _, body = fetch(exporter.url + "/metrics")
        self.assertEqual(status, 200)
        self.assertIn(b"telnyx_active_calls{", body)
        open_files = len(os.listdir(f"/proc/{exporter.process.pid}/fd"))
        self.assertLess(open_files, 1024 + 200)

    def test_idle_clients_of_one_address(self):
        exporter, address = self.start()
        self.crowd(address, exporter, lambda i: "127.0.0.2", b"")

    def test_slow_clients_of_many_addresses(self):
        exporter, address = self.start()
        self.crowd(address, exporter, lambda i: f"127.0.{1 + i % 100}.{1 + i % 250}",
                   b"GET /metrics HTTP/1.1\r\nX-Slow: ")


class SystemdTest(EndToEndTest):
    def start(self, listener):
        simulator = self.start_simulator("--connections=1")
        config = self.write_config(simulator.api, simulator.truth())
        return self.keep(Process(
            [sys.executable, "-c", PASS_SOCKET, str(listener.fileno()), EXPORTER,
             f"--config.file={config}", "--web.systemd-socket"], self.directory, "exporter",
            {"TELNYX_API_KEY": API_KEY}, pass_fds=[listener.fileno()]))

    def test_serves_on_a_passed_socket(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            exporter = self.start(listener)
            host, port = listener.getsockname()
            exporter.find_in_log(rf"msg=listening address={host}:{port}")
            self.assertEqual(fetch(f"http://{host}:{port}/-/healthy")[0], 200)

    def test_serves_on_a_passed_local_socket(self):
        path = os.path.join(self.directory, "exporter.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            exporter = self.start(listener)
            exporter.find_in_log(f"msg=listening address=unix:{path}")
            run = subprocess.run(["curl", "--silent", "--unix-socket", path,
                                  "http://localhost/-/healthy"], capture_output=True, text=True,
                                 check=True)
            self.assertEqual(run.stdout, "Healthy.\n")

    def test_needs_a_socket(self):
        config = self.write("config.yml", "accounts: [{connections: [{id: 1}]}]\n")
        run = subprocess.run([EXPORTER, f"--config.file={config}", "--web.systemd-socket"],
                             capture_output=True, text=True, check=False, timeout=60,
                             env={"TELNYX_API_KEY": API_KEY})
        self.assertEqual(run.returncode, 1)
        self.assertIn("systemd passed no socket", run.stderr)

    def test_refuses_a_socket_that_does_not_listen(self):
        with socket.socket() as unbound:
            exporter = self.start(unbound)
            self.assertEqual(exporter.process.wait(60), 1)
            self.assertIn("systemd passed a socket that is not listening", exporter.log())


if __name__ == "__main__":
    unittest.main()
