"""A new configuration while the exporter runs: by signal, by request, by a key file that changes."""

import os
import signal
import threading
import unittest

from harness import (API_KEY, SANITIZED, EndToEndTest, connection_labels, eventually, fetch)

SUCCESSFUL = ("telnyx_exporter_config_last_reload_successful", frozenset())


def read_status(process):
    """{field: text} of the kernel's status file of a process."""
    with open(f"/proc/{process.process.pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def read_memory(pid):
    """All that a process may write to, in one piece."""
    pieces = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, permissions = line.split()[:2]
            if not permissions.startswith("rw"):
                continue
            begin, end = (int(text, 16) for text in span.split("-"))
            memory.seek(begin)
            try:
                pieces.append(memory.read(end - begin))
            except OSError:  # not backed by memory
                pass
    return b"\n".join(pieces)


class ReloadTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.simulator = self.start_simulator("--connections=6", "--active-calls=600")
        self.connections = self.simulator.truth()

    def start(self, count=3, *flags, **options):
        self.config = self.write_config(self.simulator.api, self.connections[:count], **options)
        exporter = self.start_exporter(self.config, *flags)
        exporter.wait_until_ready()
        return exporter

    def names(self, exporter):
        return {dict(labels)["connection_name"] for name, labels in exporter.metrics()
                if name == "telnyx_polls_total"}

    def reload(self, exporter, method="POST"):
        return fetch(exporter.url + "/-/reload", method)

    def test_a_request_puts_the_new_file_into_force_before_it_is_answered(self):
        exporter = self.start(3)
        before = exporter.metrics()
        for method in ("POST", "PUT"):
            self.write_config(self.simulator.api, self.connections[1:5])
            status, _, body = self.reload(exporter, method)
            self.assertEqual((status, body), (200, b"Reloaded.\n"))
            self.assertEqual(self.names(exporter), {c["name"] for c in self.connections[1:5]})
        after = exporter.metrics()
        kept = ("telnyx_polls_total", connection_labels(self.connections[1]))
        self.assertGreaterEqual(after[kept], before[kept])
        # What stays keeps its values, what is gone has no series at all.
        self.assertIn(("telnyx_active_calls", connection_labels(self.connections[1])), after)
        gone = connection_labels(self.connections[0])
        self.assertEqual([name for name, labels in after if gone <= labels], [])
        self.assertEqual(after[SUCCESSFUL], 1)
        eventually("the new one is polled", lambda: (
            "telnyx_active_calls", connection_labels(self.connections[4])) in exporter.metrics())

    def test_a_signal_does_the_same(self):
        exporter = self.start(2)
        self.write_config(self.simulator.api, self.connections[:4])
        exporter.process.send_signal(signal.SIGHUP)
        eventually("four connections", lambda: len(self.names(exporter)) == 4)
        exporter.find_in_log('msg="configuration reloaded"')

    def test_errors_keep_the_old_configuration_and_are_in_answer_and_log(self):
        exporter = self.start(2)
        self.write("config.yml", "poll: {interval: 5x}\naccounts:\n  - conections: []\n")
        status, _, body = self.reload(exporter)
        self.assertEqual(status, 500)
        error = (f'{self.config}:1:18: poll.interval: "5x" is not a duration: '
                 'write it like 500ms, 15s or 1m30s')
        self.assertEqual(body.decode().splitlines(), [
            "Not reloaded, the old configuration stays:", error,
            f"{self.config}:3:5: accounts[0].conections: unknown key; did you mean connections?",
            f"{self.config}:3:5: accounts[0]: connections is missing: list the connections to poll, "
            "or enable discovery"])
        exporter.find_in_log("configuration refused, the old one stays.*5x")
        self.assertEqual(len(self.names(exporter)), 2)
        eventually("the refusal shows", lambda: exporter.metrics()[SUCCESSFUL] == 0)

    def test_other_buckets_come_with_the_next_poll(self):
        exporter = self.start(1)

        def bounds():
            return {dict(labels)["le"] for name, labels in exporter.metrics()
                    if name == "telnyx_active_call_duration_seconds_bucket"}

        self.assertIn("5", bounds())
        with open(self.config, "a", encoding="utf-8") as file:
            file.write("duration_buckets: [7, 70]\n")
        self.assertEqual(self.reload(exporter)[0], 200)
        eventually("the new buckets", lambda: bounds() == {"7", "70", "+Inf"})
        labels = connection_labels(self.connections[0])
        samples = exporter.metrics()
        self.assertEqual(samples["telnyx_active_call_duration_seconds_bucket",
                                 labels | {("le", "+Inf")}],
                         samples["telnyx_active_calls", labels])

    def test_only_post_and_put_reload(self):
        exporter = self.start(1)
        status, headers, _ = fetch(exporter.url + "/-/reload")
        self.assertEqual((status, headers["Allow"]), (405, "POST, PUT"))

    def test_a_changed_key_file_is_read_again(self):
        key = self.write("key", "KEY_WRONG\n")
        os.chmod(key, 0o600)
        exporter = self.start(2, account=f"    api_key_file: {key}\n")
        refused = connection_labels(self.connections[0], reason="unauthorized")
        self.assertIn(("telnyx_connection_failure_info", refused), exporter.metrics())
        self.write("key", API_KEY + "\n")
        up = ("telnyx_connection_up", connection_labels(self.connections[0]))
        eventually("the new key works", lambda: exporter.metrics()[up] == 1)
        log = exporter.log()
        self.assertIn('msg="API key refused" account=default', log)
        self.assertIn('msg="API keys reloaded"', log)
        self.assertNotIn("KEY_WRONG", log)
        self.assertNotIn(API_KEY, log)

    def test_a_key_that_is_rotated_after_a_refused_reload_is_read(self):
        key = self.write("key", API_KEY + "\n")
        os.chmod(key, 0o600)
        exporter = self.start(1, account=f"    api_key_file: {key}\n")
        self.write_config(self.simulator.api, self.connections[:1],
                          account="    api_key_file: /no/such/key\n")
        self.assertEqual(self.reload(exporter)[0], 500)
        self.write("key", "KEY_WRONG\n")
        exporter.find_in_log('msg="API key refused" account=default')
        self.write("key", API_KEY + "\n")
        up = ("telnyx_connection_up", connection_labels(self.connections[0]))
        eventually("the newest key works", lambda: exporter.metrics()[up] == 1)

    def test_a_key_that_cannot_be_read_any_more_shows(self):
        key = self.write("key", API_KEY + "\n")
        os.chmod(key, 0o600)
        exporter = self.start(1, account=f"    api_key_file: {key}\n")
        readable = ("telnyx_account_api_key_readable", frozenset({("account", "default")}))
        self.assertEqual(exporter.metrics()[readable], 1)
        os.remove(key)
        eventually("it shows", lambda: exporter.metrics()[readable] == 0)
        exporter.find_in_log('msg="API key refused, the old one stays"')
        self.write("key", API_KEY + "\n")
        os.chmod(key, 0o600)
        eventually("it is over", lambda: exporter.metrics()[readable] == 1)
        self.assertNotIn('msg="poll failed"', exporter.log())

    def test_what_is_no_file_is_refused_and_changes_nothing(self):
        exporter = self.start(2)
        moved = self.config + ".moved"
        os.rename(self.config, moved)
        for replace in (os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/zero", path)):
            replace(self.config)
            status, _, body = self.reload(exporter)
            self.assertEqual(status, 500)
            self.assertIn(self.config, body.decode())
            exporter.process.send_signal(signal.SIGHUP)
            eventually("the refusal shows", lambda: exporter.metrics()[SUCCESSFUL] == 0)
            os.rmdir(self.config) if os.path.isdir(self.config) else os.remove(self.config)
            self.assertEqual(len(self.names(exporter)), 2)
        os.rename(moved, self.config)
        self.assertEqual(self.reload(exporter)[0], 200)
        self.assertEqual(exporter.stop(), 0)

    def test_requests_that_come_together_share_reloads(self):
        exporter = self.start(1)
        reloaded = 'msg="configuration reloaded"'
        statuses = []

        def ask():
            for _ in range(5):
                statuses.append(self.reload(exporter)[0])

        clients = [threading.Thread(target=ask) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.assertEqual(statuses, [200] * 40)
        # Requests in a row share one reload at a time.
        self.assertLess(exporter.log().count(reloaded), 40)

    def test_it_can_be_disabled(self):
        exporter = self.start(1, "--no-web.enable-lifecycle")
        for method in ("POST", "PUT"):
            status, _, body = self.reload(exporter, method)
            self.assertEqual((status, body), (403, b"Lifecycle API is not enabled.\n"))
        self.assertEqual(self.reload(exporter, "GET")[0], 405)
        exporter.process.send_signal(signal.SIGHUP)
        exporter.find_in_log('msg="configuration reloaded"')

    @unittest.skipUnless(os.getuid() == 0, "only root may look into the memory")
    @unittest.skipIf(SANITIZED, "a sanitizer maps terabytes")
    def test_keys_that_were_rotated_are_wiped(self):
        keys = [f"KEY_NUMBER_{i}_" + "0123456789abcdef" * 2 for i in range(4)]
        key = self.write("key", keys[0] + "\n")
        os.chmod(key, 0o600)
        exporter = self.start(1, account=f"    api_key_file: {key}\n")
        for i, text in enumerate(keys[1:], 1):
            self.write("key", text + "\n")
            eventually("it is read", lambda: exporter.log().count("API keys reloaded") == i)
        # The newest one has been sent, and so the ones before are out of use.
        polls = ("telnyx_polls_total", connection_labels(self.connections[0]))
        begun = exporter.metrics()[polls]
        eventually("polls", lambda: exporter.metrics()[polls] > begun + 2)
        memory = read_memory(exporter.process.pid)
        self.assertGreater(memory.count(keys[-1].encode()), 0)
        self.assertEqual([memory.count(text.encode()) for text in keys[:-1]], [0, 0, 0])

    def test_two_hundred_reloads_under_load_leak_nothing(self):
        exporter = self.start(3)
        stop = threading.Event()
        failures = []

        def scrape():
            while not stop.is_set():
                status, _, body = fetch(exporter.url + "/metrics")
                if status != 200 or not body.endswith(b"\n"):
                    failures.append((status, body[:100]))

        def figures():
            status = read_status(exporter)
            return int(status["VmRSS"].split()[0]), len(
                os.listdir(f"/proc/{exporter.process.pid}/fd")), int(status["Threads"])

        def reload_many(count):
            for i in range(count):
                chosen = self.connections[i % 4:i % 4 + 1 + i % 3]
                self.write_config(self.simulator.api, chosen,
                                  poll=f"interval: {1 + i % 2}s",
                                  account=f"    tls: {{server_name: host{i % 2}}}\n")
                self.assertEqual(self.reload(exporter)[0], 200)
                self.assertEqual(self.names(exporter), {c["name"] for c in chosen})

        scraper = threading.Thread(target=scrape)
        scraper.start()
        try:
            reload_many(50)
            rss, fds, threads = figures()
            reload_many(200)
            after_rss, after_fds, after_threads = figures()
        finally:
            stop.set()
            scraper.join()
        self.assertEqual(failures, [])
        if not SANITIZED:  # one keeps freed memory
            self.assertLess(after_rss, rss + 1024, "KiB")
        self.assertLessEqual(after_fds, fds + 4)
        self.assertLessEqual(after_threads, threads + 1)


@unittest.skipUnless(os.getuid() == 0, "only root can become somebody else")
class DumpTest(EndToEndTest):
    def test_no_memory_dump_can_be_taken(self):
        simulator = self.start_simulator("--connections=1")
        os.chmod(self.directory, 0o755)
        exporter = self.start_exporter(self.write_config(simulator.api, simulator.truth()),
                                       prefix=["setpriv", "--reuid=65534", "--regid=65534",
                                               "--clear-groups"])
        exporter.wait_until_ready()
        # The files of a process that must not be dumped belong to root and not to its own user.
        self.assertEqual(os.stat(f"/proc/{simulator.process.pid}/environ").st_uid, os.getuid())
        self.assertEqual(os.stat(f"/proc/{exporter.process.pid}/environ").st_uid, 0)
        self.assertEqual(read_status(exporter)["Uid"].split()[0], "65534")


if __name__ == "__main__":
    unittest.main()
