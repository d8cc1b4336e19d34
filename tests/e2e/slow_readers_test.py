"""A thousand clients that ask for large bodies and never read them take a bounded amount of memory,
and clients that read are served all the time."""

import resource
import socket
import unittest

from harness import SANITIZED, EndToEndTest, fetch

CLIENTS = 1000
PEERS = 10
LIMIT = 150 * 1024  # KiB
CONNECTIONS = 500  # an exposition of almost 3 MB
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n"


@unittest.skipIf(SANITIZED, "a sanitizer keeps freed memory")
class SlowReadersTest(EndToEndTest):
    def resident(self, exporter):
        with open(f"/proc/{exporter.process.pid}/status", encoding="ascii") as file:
            status = dict(line.split(":", 1) for line in file)
        return int(status["VmRSS"].split()[0])

    def ask(self, address, source):
        """A client that asks and never reads. Its socket takes as little as the system allows, and
        so does the exporter's: on loopback with its segments of 64 KiB each would take the whole
        body, and all together the TCP memory of the machine."""
        client = socket.socket()
        self.addCleanup(client.close)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
        client.bind((source, 0))
        client.connect(address)
        client.sendall(REQUEST)

    def check(self, *flags):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        simulator = self.start_simulator(f"--connections={CONNECTIONS}")
        exporter = self.start_exporter(self.write_config(
            simulator.api, simulator.truth(), "interval: 1s"), *flags)
        exporter.wait_until_ready()
        host, port = exporter.url.removeprefix("http://").split(":")
        highest = 0
        for i in range(CLIENTS):
            self.ask((host, int(port)), f"127.0.9.{1 + i % PEERS}")
            if i % 50 == 0:
                # Served meanwhile; and the next ones are likely to get a new body.
                self.assertIn(b"telnyx_active_calls{", fetch(exporter.url + "/metrics")[2])
                highest = max(highest, self.resident(exporter))
        highest = max(highest, self.resident(exporter))
        print(f"\nhighest resident memory: {highest // 1024} MiB")
        self.assertLess(highest, LIMIT)

    def test_with_the_limit_of_requests(self):
        self.check()

    def test_without_a_limit_of_requests(self):
        self.check("--web.max-requests=0")


if __name__ == "__main__":
    unittest.main()
