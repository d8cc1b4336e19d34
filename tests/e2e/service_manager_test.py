"""What systemd is told: a socket of ours is in its place."""

import os
import signal
import socket
import unittest

from harness import EndToEndTest, Exporter, PATIENCE, fetch


class ServiceManagerTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        path = os.path.join(self.directory, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(path)
        self.socket.settimeout(PATIENCE)
        self.environment = {"NOTIFY_SOCKET": path}

    def next_state(self):
        return self.socket.recv(4096).decode().split("\n")[0]

    def start(self, connections=(), **environment):
        simulator = self.start_simulator()
        self.config = self.write_config(simulator.api, connections or [{"id": "1", "name": "one"}])
        return self.keep(Exporter(self.directory, self.config,
                                  environment={**self.environment, **environment}))

    def test_ready_once_it_listens_and_stopping_when_told_to(self):
        exporter = self.start()
        self.assertEqual(self.next_state(), "READY=1")
        self.assertEqual(fetch(exporter.url + "/-/healthy")[0], 200)
        self.assertEqual(exporter.stop(), 0)
        self.assertEqual(self.next_state(), "STOPPING=1")

    def test_never_ready_when_it_cannot_listen(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with self.assertRaises(AssertionError):
                Exporter(self.directory,
                         self.write_config("http://127.0.0.1:1/v2", [{"id": "1", "name": "one"}]),
                         f"--web.listen-address=127.0.0.1:{taken.getsockname()[1]}",
                         environment=self.environment)
        self.socket.setblocking(False)
        with self.assertRaises(BlockingIOError):
            self.socket.recv(4096)

    def test_reloading_until_the_reload_is_over_however_it_ends(self):
        exporter = self.start()
        self.assertEqual(self.next_state(), "READY=1")
        exporter.process.send_signal(signal.SIGHUP)
        self.assertEqual([self.next_state(), self.next_state()], ["RELOADING=1", "READY=1"])
        fetch(exporter.url + "/-/reload", "POST")
        self.assertEqual([self.next_state(), self.next_state()], ["RELOADING=1", "READY=1"])
        self.write("config.yml", "accounts: nonsense\n")
        exporter.process.send_signal(signal.SIGHUP)
        self.assertEqual([self.next_state(), self.next_state()], ["RELOADING=1", "READY=1"])

    def test_systemds_library_is_loaded_only_where_systemd_is(self):
        listed = os.path.join(self.directory, "libraries")
        debug = {"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": listed}

        def libraries(exporter):
            exporter.wait_until_ready()
            self.assertEqual(exporter.stop(), 0)
            with open(f"{listed}.{exporter.process.pid}", encoding="utf-8") as file:
                return file.read()

        self.assertIn("libsystemd.so.0", libraries(self.start(**debug)))
        self.environment = {}
        without = libraries(self.start(**debug))
        self.assertIn("libcurl.so.4", without)
        self.assertNotIn("libsystemd", without)

    def test_signs_of_life_from_the_polling_loop(self):
        self.start(WATCHDOG_USEC="300000")
        states = {self.next_state() for _ in range(6)}
        self.assertEqual(states, {"READY=1", "WATCHDOG=1"})

    def test_no_signs_of_life_unless_asked_for(self):
        exporter = self.start()
        exporter.wait_until_ready()
        exporter.stop()
        self.assertEqual([self.next_state(), self.next_state()], ["READY=1", "STOPPING=1"])


if __name__ == "__main__":
    unittest.main()
