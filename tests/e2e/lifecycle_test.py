"""Starting, stopping, flags, exit codes and the paths that people and machines look at."""

import ctypes
import fcntl
import gzip
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import (API_KEY, EXPORTER, PATIENCE, SANITIZED, EndToEndTest, connection_labels, eventually, fetch,
                     parse_text)


def read_kernel(pid, name):
    with open(f"/proc/{pid}/{name}", encoding="ascii") as file:
        return file.read()


def listening_port(pid):
    """The port on which a process listens, from the kernel's tables; None: it does not."""
    try:
        inodes = set()
        for fd in os.listdir(f"/proc/{pid}/fd"):
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
            if found:
                inodes.add(found.group(1))
    except FileNotFoundError:
        return None
    for line in read_kernel(pid, "net/tcp").splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in inodes:
            return int(fields[1].split(":")[1], 16)
    return None


PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WAIT_FOR_THREADS = 0x40000000  # __WALL


class FrozenThread(threading.Thread):
    """One thread of a process stands still meanwhile, as one does that waits for a dead file
    system. Only the thread that traces may say so and reap it, hence one of our own."""

    def __init__(self, pid, name):
        super().__init__()
        [self.traced] = [int(task) for task in os.listdir(f"/proc/{pid}/task")
                         if read_kernel(pid, f"task/{task}/comm").strip() == name]
        self.frozen, self.over, self.fault = threading.Event(), threading.Event(), None

    def run(self):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        if libc.ptrace(PTRACE_SEIZE, self.traced, None, None) != 0:
            self.fault = os.strerror(ctypes.get_errno())
        else:
            libc.ptrace(PTRACE_INTERRUPT, self.traced, None, None)
            os.waitpid(self.traced, WAIT_FOR_THREADS)
        self.frozen.set()
        while self.fault is None and not self.over.wait(0.05):
            if os.waitpid(self.traced, WAIT_FOR_THREADS | os.WNOHANG)[0] != 0:
                return  # it has ended
        libc.ptrace(PTRACE_DETACH, self.traced, None, None)

    def __enter__(self):
        self.start()
        self.frozen.wait()
        if self.fault is not None:
            raise unittest.SkipTest(f"ptrace: {self.fault}")

    def __exit__(self, *_):
        self.over.set()
        self.join()


def blocks_sigterm(pid):
    blocked = re.search(r"SigBlk:\s*(\w+)", read_kernel(pid, "status")).group(1)
    return int(blocked, 16) & 1 << (signal.SIGTERM - 1)


def only_child(pid, name):
    """The process that another one has started, once it runs that program and takes signals."""
    children = read_kernel(pid, f"task/{pid}/children").split()
    if not children or read_kernel(children[0], "comm").strip() != name or not blocks_sigterm(children[0]):
        return None
    return int(children[0])


def cpu_of_ended_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def busy_threads(pid):
    """How many threads of a process run at this moment."""
    return sum(read_kernel(pid, f"task/{task}/stat").rsplit(")", 1)[1].split()[0] == "R"
               for task in os.listdir(f"/proc/{pid}/task"))


class CommandLineTest(EndToEndTest):
    def run_exporter(self, *arguments, key=API_KEY):
        environment = {} if key is None else {"TELNYX_API_KEY": key}
        return subprocess.run([EXPORTER, *arguments], capture_output=True, text=True,
                              env=environment, check=False, timeout=60)

    def test_version_names_version_and_revision(self):
        run = self.run_exporter("--version")
        self.assertEqual(run.returncode, 0)
        self.assertRegex(run.stdout, r"^telnyx_exporter, version \d+\.\d+\.\d+ \(revision \S+, ")

    def test_help_lists_every_flag(self):
        run = self.run_exporter("--help")
        self.assertEqual(run.returncode, 0)
        for flag in ("--config.file", "--config.check", "--once", "--healthcheck",
                     "--web.listen-address", "--web.telemetry-path", "--web.config.file", "--web.systemd-socket",
                     "--web.max-requests", "--web.enable-lifecycle", "--no-web.enable-lifecycle",
                     "--web.probes-without-auth", "--web.openmetrics-created",
                     "--shard", "--total-shards", "--log.level", "--log.format", "--version"):
            self.assertIn(flag, run.stdout)

    def test_wrong_usage_exits_with_2(self):
        for arguments in (["--no-such-flag"], ["--log.level=loud"], ["--web.telemetry-path=x"],
                          ["stray"], ["--shard=3"], ["--web.telemetry-path=/-/x"],
                          ["--config.check=all"], ["--healthcheck=live"],
                          ["--web.enable-lifecycle", "--no-web.enable-lifecycle"]):
            run = self.run_exporter(*arguments)
            self.assertEqual(run.returncode, 2, arguments)
            self.assertIn("telnyx_exporter: ", run.stderr)

    def test_flags_take_their_value_either_way(self):
        config = self.write("config.yml", "accounts: [{connections: [{id: 1}]}]\n")
        for arguments in ([f"--config.file={config}"], ["--config.file", config]):
            self.assertEqual(self.run_exporter("--config.check", *arguments).returncode, 0)

    def test_an_empty_value_is_a_value(self):
        config = self.write("config.yml", "accounts: [{connections: [{id: 1}]}]\n")
        run = self.run_exporter("--web.config.file=", "--config.check", "--log.level=WARN",
                                f"--config.file={config}")
        self.assertEqual((run.returncode, run.stdout), (0, f"{config}: configuration OK\n"))

    def test_an_output_that_cannot_be_written_is_an_error(self):
        config = self.write("config.yml", "accounts: [{connections: [{id: 1}]}]\n")
        for flags in (["--help"], ["--version"], ["--config.check", f"--config.file={config}"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                run = subprocess.run([EXPORTER, *flags], stdout=full, stderr=full, check=False,
                                     env={"TELNYX_API_KEY": API_KEY})
            self.assertEqual(run.returncode, 1, flags)
            closed = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", EXPORTER, *flags], stderr=subprocess.DEVNULL,
                                    check=False, env={"TELNYX_API_KEY": API_KEY})
            self.assertEqual(closed.returncode, 1, flags)

    def test_config_check_prints_every_error_with_its_place(self):
        config = self.write("config.yml",
                            "poll: {interval: 5x}\naccounts:\n  - conections: []\n")
        run = self.run_exporter("--config.check", f"--config.file={config}")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr.splitlines(), [
            f'{config}:1:18: poll.interval: "5x" is not a duration: write it like 500ms, 15s or '
            '1m30s',
            f"{config}:3:5: accounts[0].conections: unknown key; did you mean connections?",
            f"{config}:3:5: accounts[0]: connections is missing: list the connections to poll, "
            "or enable discovery"])

    def test_a_missing_file_is_named(self):
        run = self.run_exporter("--config.file=/no/such/file.yml")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr,
                         "/no/such/file.yml: cannot be read: No such file or directory\n")

    def test_a_missing_key_is_named(self):
        config = self.write("config.yml", "accounts: [{name: main, connections: [{id: 1}]}]\n")
        run = self.run_exporter(f"--config.file={config}", key=None)
        self.assertEqual(run.returncode, 1)
        self.assertIn("account main: the environment variable TELNYX_API_KEY is not set", run.stderr)


class NoFileTest(EndToEndTest):
    """The default configuration file does not exist where these tests run."""

    def setUp(self):
        super().setUp()
        if os.path.lexists("/etc/telnyx_exporter/telnyx_exporter.yml"):
            self.skipTest("the package is installed")

    def test_a_key_is_enough(self):
        run = subprocess.run([EXPORTER, "--config.check"], capture_output=True, text=True,
                             env={"TELNYX_API_KEY": API_KEY}, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(run.stdout, "built in: the whole account: configuration OK\n")

    def test_neither_key_nor_file_is_explained_in_three_lines(self):
        for flags in ([], ["--config.check"], ["--once"]):
            run = subprocess.run([EXPORTER, *flags], capture_output=True, text=True, env={},
                                 check=False)
            self.assertEqual(run.returncode, 1)
            lines = run.stderr.splitlines()
            self.assertEqual(len(lines), 3, run.stderr)
            self.assertIn("there is nothing to poll", lines[0])


class SignalTest(EndToEndTest):
    """SIGTERM ends the program in every state."""

    def setUp(self):
        super().setUp()
        # Answers nothing: it accepts connections and stays silent.
        self.api = socket.create_server(("127.0.0.1", 0))
        self.api.settimeout(PATIENCE)
        self.addCleanup(self.api.close)
        port = self.api.getsockname()[1]
        self.config = self.write_config(f"http://127.0.0.1:{port}/v2", [{"id": "1", "name": "one"}])
        self.fifo = os.path.join(self.directory, "fifo")
        os.mkfifo(self.fifo)

    def start(self, *flags, prefix=(), port=0, **options):
        process = subprocess.Popen(
            [*prefix, EXPORTER, f"--config.file={self.config}", f"--web.listen-address=127.0.0.1:{port}",
             *flags], env={"TELNYX_API_KEY": API_KEY, "PATH": os.environ["PATH"]}, **options)

        def end():
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()
        self.addCleanup(end)
        return process

    def assert_ends(self, process, number, status):
        # Until main's first statement the kernel decides.
        eventually("it takes signals", lambda: blocks_sigterm(process.pid))
        process.send_signal(number)
        self.assertEqual(process.wait(PATIENCE), status)

    def test_a_start_survives_sighup_whenever_it_comes(self):
        for _ in range(20):
            process = self.start(stderr=subprocess.PIPE)
            process.send_signal(signal.SIGHUP)
            for line in process.stderr:
                if b"configuration reloaded" in line:
                    break
            else:
                # Before main's first statement only the kernel decides.
                self.assertEqual(process.wait(), -signal.SIGHUP)
                continue
            self.assert_ends(process, signal.SIGTERM, 0)

    def test_once_ends_at_each_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process = self.start("--once", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.api.accept()[0].close()
            self.assert_ends(process, number, 1)
            self.assertEqual(process.stdout.read(), b"")

    @unittest.skipUnless(os.getuid() == 0, "only root can make process 1")
    def test_process_1_takes_signals_too(self):
        for flags, number, status in (([], signal.SIGTERM, 0), (["--once"], signal.SIGTERM, 1),
                                      (["--once"], signal.SIGHUP, 1)):
            process = self.start(*flags, prefix=["unshare", "--pid", "--fork", "--kill-child",
                                                 "--mount-proc"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            os.kill(eventually("it takes signals", lambda: only_child(process.pid, "telnyx_exporter")), number)
            self.assertEqual(process.wait(PATIENCE), status)
            # Left alone, --once prints what it knows.
            self.assertEqual(process.stdout.read(), b"")

    def test_a_full_standard_error_stops_nothing(self):
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        os.write(write, b"x" * 4096)
        found = {}
        # Where it listens is in the log, which is not read: ask the kernel.
        process = self.start("--log.level=debug", stderr=write)
        os.close(write)

        def answers():
            port = listening_port(process.pid)
            found["url"] = f"http://127.0.0.1:{port}"
            return port and fetch(found["url"] + "/-/healthy")[0] == 200
        eventually("it answers", answers)
        for _ in range(3):
            self.assertEqual(fetch(found["url"] + "/-/reload", "POST")[0], 200)
        self.assert_ends(process, signal.SIGTERM, 0)

    def test_a_closed_standard_error_does_not_matter(self):
        process = self.start(prefix=["sh", "-c", 'exec "$@" 2>&-', "sh"])
        port = eventually("it listens", lambda: listening_port(process.pid))
        self.assertEqual(fetch(f"http://127.0.0.1:{port}/-/healthy")[0], 200)
        self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/2"), "/dev/null")
        self.assert_ends(process, signal.SIGTERM, 0)

    def test_lost_lines_are_counted_and_said(self):
        read, write = os.pipe()
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        # Every poll fails and is tried again, with a line each time.
        self.write_config("http://127.0.0.1:1/v2", [{"id": str(i), "name": "n" * 100}
                                                    for i in range(2000)])
        process = self.start("--log.level=debug", stderr=write)
        os.close(write)
        port = eventually("it listens", lambda: listening_port(process.pid))
        lost = ("telnyx_exporter_log_lines_lost_total", frozenset())

        def lines_lost():
            return parse_text(fetch(f"http://127.0.0.1:{port}/metrics")[2].decode()).get(lost)
        eventually("lines are lost", lines_lost)
        with open(read, encoding="utf-8", errors="replace") as log:
            for line in log:
                if "log lines lost, standard error was not read" in line:
                    break
            else:
                self.fail("the loss was not said")
            self.assert_ends(process, signal.SIGTERM, 0)

    def test_every_command_ends_while_it_waits_for_a_reader(self):
        for flags in (["--config.check"], ["--help"]):
            read, write = os.pipe()
            self.addCleanup(os.close, read)
            fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
            os.write(write, b"x" * 4096)
            process = self.start(*flags, stdout=write, stderr=write)
            os.close(write)
            self.assert_ends(process, signal.SIGTERM, 1)

    def test_a_health_check_ends_while_it_waits(self):
        process = self.start("--healthcheck", port=self.api.getsockname()[1], stderr=subprocess.PIPE)
        with self.api.accept()[0]:
            self.assert_ends(process, signal.SIGTERM, 1)
        # Left alone, it says why the exporter is not healthy.
        self.assertEqual(process.stderr.read(), b"")

    def test_a_password_check_ends_with_the_program(self):
        # Of a cost that takes many seconds.
        web = self.write("web.yml", "basic_auth_users: {alice: "
                         "$2y$16$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi}\n")
        process = self.start(f"--web.config.file={web}", stderr=subprocess.DEVNULL)
        port = eventually("it listens", lambda: listening_port(process.pid))
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWxpY2U6eA==\r\n\r\n")
            eventually("it checks", lambda: busy_threads(process.pid))
            used = -time.clock_gettime((~process.pid << 3) | 2) - cpu_of_ended_children()
            self.assert_ends(process, signal.SIGTERM, 0)
        used += cpu_of_ended_children()
        if not SANITIZED:  # the check goes on until the program gives up waiting for it
            self.assertLess(used, 1.5, "seconds of CPU after the signal")

    def test_no_configuration_blocks_the_start(self):
        for path in (self.fifo, "/dev/zero", self.directory):
            run = subprocess.run([EXPORTER, f"--config.file={path}"], capture_output=True,
                                 text=True, check=False, timeout=PATIENCE, env={})
            self.assertEqual(run.returncode, 1)
            self.assertIn(path, run.stderr)

    def test_session_keys_are_not_written(self):
        keys = os.path.join(self.directory, "keys")
        process = subprocess.Popen(
            [EXPORTER, f"--config.file={self.config}", "--web.listen-address=127.0.0.1:0"],
            env={"TELNYX_API_KEY": API_KEY, "SSLKEYLOGFILE": keys}, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        eventually("it listens", lambda: listening_port(process.pid))
        self.assertFalse(os.path.exists(keys))


class OnceTest(EndToEndTest):
    def once(self, config, key=API_KEY):
        return subprocess.run([EXPORTER, f"--config.file={config}", "--once"], capture_output=True,
                              text=True, env={"TELNYX_API_KEY": key}, check=False, timeout=60)

    def test_prints_the_numbers_and_exits_with_0(self):
        simulator = self.start_simulator("--connections=2")
        connections = simulator.truth()
        run = self.once(self.write_config(simulator.api, connections))
        self.assertEqual(run.returncode, 0, run.stderr)
        samples = parse_text(run.stdout)
        for connection in connections:
            self.assertIn(("telnyx_active_calls", connection_labels(connection)), samples)
        # node_exporter's textfile collector would meet its own.
        self.assertNotIn("process_", run.stdout)

    def test_exits_with_1_when_the_metrics_cannot_be_written(self):
        simulator = self.start_simulator("--connections=20")
        config = self.write_config(simulator.api, simulator.truth())
        for target, code in (("/dev/full", 1), (os.devnull, 0)):
            with open(target, "w", encoding="ascii") as output:
                run = subprocess.run([EXPORTER, f"--config.file={config}", "--once"], stdout=output,
                                     stderr=subprocess.PIPE, text=True, check=False,
                                     env={"TELNYX_API_KEY": API_KEY})
            self.assertEqual(run.returncode, code, run.stderr)

    def test_exits_with_1_when_one_poll_fails(self):
        simulator = self.start_simulator("--connections=1")
        missing = {"id": "404", "name": "missing"}
        run = self.once(self.write_config(simulator.api, simulator.truth() + [missing]))
        self.assertEqual(run.returncode, 1)
        samples = parse_text(run.stdout)
        self.assertEqual(samples["telnyx_connection_failure_info",
                                 connection_labels(missing, reason="not_found")], 1)
        self.assertIn('reason=not_found status=404 code=10005 title="Resource not found"',
                      run.stderr)

    def test_a_refused_key_is_said_and_never_shown(self):
        simulator = self.start_simulator("--connections=1")
        run = self.once(self.write_config(simulator.api, simulator.truth()), key="KEY_WRONG_ONE")
        self.assertEqual(run.returncode, 1)
        self.assertIn("reason=unauthorized status=401 code=10009", run.stderr)
        self.assertNotIn("KEY_WRONG_ONE", run.stdout + run.stderr)


class ServingTest(EndToEndTest):
    def start(self, *flags):
        self.simulator = self.start_simulator("--connections=2")
        self.connections = self.simulator.truth()
        return self.start_exporter(self.write_config(self.simulator.api, self.connections), *flags)

    def test_the_paths(self):
        exporter = self.start()
        exporter.wait_until_ready()
        status, headers, body = fetch(exporter.url + "/metrics")
        self.assertEqual((status, headers["Content-Type"]),
                         (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertIn(b"telnyx_active_calls", body)
        status, headers, body = fetch(exporter.url + "/metrics", "HEAD")
        self.assertEqual((status, body), (200, b""))
        self.assertGreater(int(headers["Content-Length"]), 1000)
        self.assertEqual(fetch(exporter.url + "/-/healthy")[0], 200)
        self.assertEqual(fetch(exporter.url + "/nothing")[0], 404)
        status, headers, _ = fetch(exporter.url + "/metrics", "POST", data=b"x")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        status, headers, body = fetch(exporter.url + "/")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        for path in (b"./metrics", b"config", b"-/healthy", b"-/ready"):
            self.assertIn(b'href="' + path + b'"', body)

    def test_gzip_by_weight(self):
        exporter = self.start()
        exporter.wait_until_ready()
        url = exporter.url + "/metrics"
        _, headers, body = fetch(url, headers={"Accept-Encoding": "gzip;q=0.5"})
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertIn(b"telnyx_active_calls", gzip.decompress(body))
        for weight in ("gzip;q=0", "identity, gzip;q=0.5"):
            _, headers, body = fetch(url, headers={"Accept-Encoding": weight})
            self.assertIsNone(headers["Content-Encoding"])
            self.assertIn(b"telnyx_active_calls", body)

    def test_another_telemetry_path(self):
        exporter = self.start("--web.telemetry-path=/prom")
        self.assertEqual(fetch(exporter.url + "/prom")[0], 200)
        self.assertEqual(fetch(exporter.url + "/metrics")[0], 404)

    def test_several_addresses_of_both_families(self):
        exporter = self.start("--web.listen-address=127.0.0.2:0")
        found = exporter.find_in_log(r"address=(127\.0\.0\.2:\d+)")
        self.assertEqual(fetch(f"http://{found.group(1)}/-/healthy")[0], 200)

    def test_an_address_in_use(self):
        exporter = self.start()
        address = exporter.url.removeprefix("http://")
        with socket.create_server(("127.0.0.1", 0)) as api:
            config = self.write_config(f"http://127.0.0.1:{api.getsockname()[1]}/v2",
                                       self.connections, name="second.yml")
            run = subprocess.run([EXPORTER, f"--config.file={config}",
                                  f"--web.listen-address={address}"], capture_output=True,
                                 text=True, env={"TELNYX_API_KEY": API_KEY}, check=False,
                                 timeout=60)
            self.assertEqual(run.returncode, 1)
            self.assertIn(f"cannot listen on {address}: Address already in use", run.stderr)
            # Who cannot start asks the API nothing.
            api.setblocking(False)
            with self.assertRaises(BlockingIOError):
                api.accept()

    def test_logs_json(self):
        exporter = self.start("--log.format=json")
        exporter.find_in_log(r'"level":"info","msg":"listening","address":"127')


class OutageTest(EndToEndTest):
    """The API accepts connections and never answers: the simulator is stopped in its tracks."""

    def setUp(self):
        super().setUp()
        self.simulator = self.start_simulator("--connections=3")
        self.connections = self.simulator.truth()

    def freeze_api(self):
        pid = self.simulator.process.pid
        os.kill(pid, signal.SIGSTOP)
        # A thread that runs at the moment stops a little later.
        eventually("the simulator stands still", lambda: all(
            read_kernel(pid, f"task/{task}/stat").rsplit(")", 1)[1].split()[0] == "T" for task in os.listdir(f"/proc/{pid}/task")))

    def test_not_ready_until_every_connection_was_polled(self):
        self.freeze_api()
        config = self.write_config(self.simulator.api, self.connections,
                                   "interval: 1s, timeout: 30s")
        exporter = self.start_exporter(config)
        eventually("a poll is under way", lambda: any(
            name == "telnyx_polls_total" and value > 0
            for (name, _), value in exporter.metrics().items()))
        self.assertEqual(fetch(exporter.url + "/-/ready")[0], 503)
        os.kill(self.simulator.process.pid, signal.SIGCONT)
        exporter.wait_until_ready()

    def start_and_be_ready(self):
        simulator = self.start_simulator()
        exporter = self.start_exporter(
            self.write_config(simulator.api, [{"id": "1", "name": "one"}]))
        exporter.wait_until_ready()
        return exporter

    def test_polling_that_hangs_is_unhealthy(self):
        exporter = self.start_and_be_ready()

        def health():
            return fetch(exporter.url + "/-/healthy")

        with FrozenThread(exporter.process.pid, "polling"):
            eventually("unhealthy", lambda: health()[0] == 503)
            self.assertEqual(health()[2], b"Not healthy: the polling loop hangs.\n")
        eventually("healthy", lambda: health()[0] == 200)

    def test_polling_that_hangs_does_not_keep_the_program(self):
        exporter = self.start_and_be_ready()
        with FrozenThread(exporter.process.pid, "polling"):
            self.assertEqual(exporter.stop(), 0)

    def test_a_ca_file_that_would_block_is_refused(self):
        os.mkfifo(self.write("ca.pem", "") + ".fifo")
        simulator = self.start_simulator()
        config = self.write_config(simulator.api, [{"id": "1", "name": "one"}],
                                   account="    tls: {ca_file: ca.pem.fifo}\n")
        run = subprocess.run([EXPORTER, f"--config.file={config}", "--once"], env={
            **os.environ, "TELNYX_API_KEY": API_KEY}, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("account default: tls.ca_file ", run.stderr)
        self.assertIn("ca.pem.fifo is a FIFO: it must be a regular file", run.stderr)

    def test_stops_with_polls_in_flight(self):
        self.freeze_api()
        config = self.write_config(self.simulator.api, self.connections, "interval: 5s")
        exporter = self.start_exporter(config)
        eventually("a poll is under way", lambda: any(
            name == "telnyx_polls_total" and value > 0
            for (name, _), value in exporter.metrics().items()))
        self.assertEqual(exporter.stop(), 0)
        self.assertIn("msg=stopping signal=SIGTERM", exporter.log())

    def test_values_stay_and_then_vanish_and_come_back(self):
        config = self.write_config(self.simulator.api, self.connections,
                                   "interval: 5s, timeout: 4s, stale_after: 30s")
        exporter = self.start_exporter(config)
        exporter.wait_until_ready()
        key = ("telnyx_active_calls", connection_labels(self.connections[0]))
        failed = ("telnyx_connection_failure_info",
                  connection_labels(self.connections[0], reason="timeout"))
        self.assertIn(key, exporter.metrics())
        self.freeze_api()
        samples = eventually("a poll fails", lambda: (
            lambda samples: samples if failed in samples else None)(exporter.metrics()))
        self.assertIn(key, samples)
        eventually("the values vanish", lambda: key not in exporter.metrics())
        samples = exporter.metrics()
        self.assertEqual(samples["telnyx_connection_up", key[1]], 0)
        self.assertIn(("telnyx_connection_last_success_timestamp_seconds", key[1]), samples)
        os.kill(self.simulator.process.pid, signal.SIGCONT)
        eventually("the values come back", lambda: key in exporter.metrics())
        self.assertEqual(exporter.log().count("msg=\"poll failed\""), 3, exporter.log())
        exporter.find_in_log("poll succeeds again")


class SecretsTest(EndToEndTest):
    def test_no_secret_is_ever_said(self):
        simulator = self.start_simulator("--connections=2")
        config = self.write_config(simulator.api,
                                   simulator.truth() + [{"id": "404", "name": "missing"}])
        exporter = self.start_exporter(config, "--log.level=debug")
        exporter.wait_until_ready()
        said = exporter.log() + "".join(
            fetch(exporter.url + path)[2].decode() for path in ("/", "/metrics", "/-/ready", "/x"))
        self.assertNotIn(API_KEY, said)
        self.assertNotIn("v3:", said)
        self.assertNotIn("client_state", said)


if __name__ == "__main__":
    unittest.main()
