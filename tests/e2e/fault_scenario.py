"""Drives the exporter through every row of the fault matrix at once: all is well, the faults come,
the faults go. What was seen on the way is kept for the tests to judge."""

import os
import time

from harness import (API_KEY, BUCKETS, Exporter, Simulator, connection_labels, eventually, fetch,
                     fetch_json, parse_text)
from fault_rows import (ELSEWHERE, WITHOUT_TOTAL, NameRow, NginxRow, RefusedRow, SimulatorRow,
                        harness_rows)
from certificates import Authority
from real_parts import Eavesdropper, NameServer, Nginx, resolver_prefix

CALLS_OF_A_CONNECTION = 600
MAX_PAGES = 8
INTERVAL, STALE_AFTER = 3, 6  # seconds
# The wall clock that timestamps are made from against the clock that values expire by.
CLOCK_TOLERANCE = 0.25


def expected_values(truth):
    """What the series of a complete poll must say."""
    values = {
        ("telnyx_active_calls", None): truth["legs"],
        ("telnyx_active_call_sessions", None): truth["sessions"],
        ("telnyx_longest_active_call_duration_seconds", None): truth["longest_seconds"],
        ("telnyx_active_call_duration_seconds_sum", None): truth["total_seconds"],
        ("telnyx_active_call_duration_seconds_count", None): truth["legs"],
    }
    for bound, count in zip(BUCKETS, truth["buckets"], strict=True):
        values["telnyx_active_call_duration_seconds_bucket", str(bound)] = count
    return values


def labels_of(row, connection, **more):
    return connection_labels({"id": connection.id, "name": connection.name}, account=row.name,
                             **more)


class Watch:
    """Looks at one exporter again and again, and notes whatever must never be seen."""

    def __init__(self, exporter, rows):
        self.exporter = exporter
        self.rows = rows
        self.violations = []  # (name of the row, what was seen)
        self.said = set()     # every line of every page
        self.samples = {}
        self.mended = False   # the faults are over

    def look(self):
        before = time.time()
        page = fetch(self.exporter.url + "/metrics")[2].decode()
        after = time.time()
        self.said.update(page.splitlines())
        self.samples = parse_text(page)
        for row in self.rows:
            for connection in row.connections:
                for fault in self._wrongs(row, connection, before, after):
                    self.violations.append((row.name, f"{connection.name}: {fault}"))

    def value(self, metric, row, connection, **labels):
        return self.samples.get((metric, labels_of(row, connection, **labels)))

    def account_value(self, metric, row, **labels):
        return self.samples.get((metric, frozenset({"account": row.name, **labels}.items())))

    def reasons(self, row, connection):
        labels = labels_of(row, connection)
        return [dict(found)["reason"] for metric, found in self.samples
                if metric == "telnyx_connection_failure_info" and labels <= found]

    def up(self, row, connection):
        return self.value("telnyx_connection_up", row, connection) == 1

    def _wrongs(self, row, connection, before, after):
        shown = self.value("telnyx_active_calls", row, connection) is not None
        if shown:
            yield from self._wrong_values(row, connection)
        succeeded = self.value("telnyx_connection_last_success_timestamp_seconds", row, connection)
        expires = None if succeeded is None else succeeded + STALE_AFTER
        if shown and (expires is None or before > expires + CLOCK_TOLERANCE):
            yield "values are shown past stale_after"
        if not shown and expires is not None and after < expires - CLOCK_TOLERANCE:
            yield "values are gone before stale_after"
        reasons = self.reasons(row, connection)
        if not set(reasons) <= self._allowed_reasons(row, connection):
            yield f"the reasons {reasons} are shown"
        if reasons and self.up(row, connection):
            yield "it is up and has failed"

    def _allowed_reasons(self, row, connection):
        if not connection.victim or row.reason is None:
            return set()
        if self.mended and row.may_time_out_at_its_end:
            return {row.reason, "timeout"}
        return {row.reason}

    def _wrong_values(self, row, connection):
        legs = connection.truth["legs"]
        for (metric, bound), expected in expected_values(connection.truth).items():
            value = self.value(metric, row, connection, **({"le": bound} if bound else {}))
            if value != expected:
                yield f"{metric} {bound or ''} is {value} and not {expected}"
        reported = self.value("telnyx_reported_active_calls", row, connection)
        wrong_by = 7 if row.name == "wrong_total" and connection.victim else 0
        allowed = {legs, legs + wrong_by}
        if row.name in WITHOUT_TOTAL and connection.victim:
            allowed.add(None)
        if reported not in allowed:
            yield f"the API's count is {reported} and not {legs}"


class Moment:
    """The counters of all connections at one moment."""

    def __init__(self, watches):
        self._counts = {}
        self._samples = {watch.exporter: watch.samples for watch in watches}
        for watch in watches:
            for row in watch.rows:
                for connection in row.connections:
                    self._counts[connection.id] = tuple(
                        int(watch.value(metric, row, connection)) for metric in
                        ("telnyx_polls_total", "telnyx_poll_failures_total"))

    def samples(self, watch):
        return self._samples[watch.exporter]

    def reasons(self, watch, row):
        """How many of the account's polls have failed, by reason."""
        return {dict(labels)["reason"]: int(value)
                for (metric, labels), value in self.samples(watch).items()
                if metric == "telnyx_account_poll_failures_total" and
                ("account", row.name) in labels and value > 0}

    def polls(self, connection):
        return self._counts[connection.id][0]

    def failures(self, connection):
        return self._counts[connection.id][1]

    def complete(self, connection):
        """At most one more than polls that were complete: the newest may be under way."""
        polls, failures = self._counts[connection.id]
        return polls - failures


class Scenario:
    """Started once; `stop` ends every program."""

    def __init__(self, directory):
        self.directory = directory
        self._stops = []
        self.skipped = {}  # name of a row that cannot be tried here: why
        self.missed = {}   # name of a row: what did not happen
        try:
            self._start()
            self._run()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        while self._stops:
            self._stops.pop()()

    def _keep(self, part):
        self._stops.append(part.stop)
        return part

    def start_refusing(self, listen):
        rows = [row for row in self.rows if isinstance(row, RefusedRow)]
        self.refusing = self._keep(self._simulator("refusing", rows, listen=listen))

    def _simulator(self, name, rows, *flags, listen="127.0.0.1:0"):
        connections = [c for row in rows for c in row.connections]
        simulator = Simulator(self.directory, *flags, "--even-connections", "--daily-wave=0",
                              "--mean-duration=1800",
                              f"--active-calls={CALLS_OF_A_CONNECTION * len(connections)}",
                              "--frozen", *[f"--connection={c.id}:{c.name}" for c in connections],
                              name=name, listen=listen)
        truth = {connection["id"]: connection for connection in simulator.truth()}
        for connection in connections:
            connection.truth = truth[connection.id]
        return simulator

    def _start(self):
        self.eavesdropper = self._keep(Eavesdropper())
        listing = self._simulator("listing", [])
        self.simulator_faults = listing.faults()["faults"]
        listing.stop()
        self.rows = [SimulatorRow(fault["name"], fault["help"]) for fault in self.simulator_faults
                     if fault["name"] not in ELSEWHERE]
        self.rows += harness_rows()

        self.simulator = self._keep(self._simulator(
            "simulator", self.rows, f"--redirect-target={self.eavesdropper.url}"))
        self.start_refusing("127.0.0.1:0")
        authority = Authority(self.directory)
        behind_nginx = [row for row in self.rows if isinstance(row, NginxRow)]
        for row in behind_nginx:
            row.prepare(authority)
        upstream = self.simulator.api.removeprefix("http://").removesuffix("/v2")
        self.nginx = self._keep(Nginx(self.directory, upstream, [r.server for r in behind_nginx]))

        by_name = [row for row in self.rows if isinstance(row, NameRow)]
        others = [row for row in self.rows if row not in by_name]
        self.watches = [self._watch("exporter", others)]
        self._start_with_names(by_name)

    def _start_with_names(self, rows):
        try:
            self.name_server = self._keep(NameServer())
        except PermissionError:
            self._skip(rows, "port 53 cannot be bound here")
            return
        prefix = resolver_prefix(self.directory, self.name_server.address)
        if prefix is None:
            self._skip(rows, "a mount namespace cannot be made here")
            return
        for row in rows:
            row.switch(self, True)
        self.watches.append(self._watch("exporter_with_names", rows, prefix))

    def _skip(self, rows, why):
        for row in rows:
            self.skipped[row.name] = why

    def _watch(self, name, rows, prefix=()):
        lines = [f"poll: {{interval: {INTERVAL}s, stale_after: {STALE_AFTER}s, "
                 f"max_pages: {MAX_PAGES}}}\naccounts:\n"]
        for row in rows:
            lines.append(f"  - name: {row.name}\n    base_url: {row.base_url(self)}\n{row.tls}"
                         "    rate_limit: {requests_per_second: 1000, burst: 10000}\n"
                         "    connections:\n")
            lines += [f"      - {{id: \"{c.id}\", name: \"{c.name}\"}}\n" for c in row.connections]
        config = os.path.join(self.directory, f"{name}.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("".join(lines))
        exporter = self._keep(Exporter(self.directory, config, "--log.level=debug", name=name,
                                       prefix=prefix))
        return Watch(exporter, rows)

    def _each(self):
        for watch in self.watches:
            for row in watch.rows:
                yield watch, row

    def _wait(self, what, condition):
        """Looks at all exporters until the condition holds for every row; notes for which not."""
        def holds():
            for watch in self.watches:
                watch.look()
            missing[:] = [row.name for watch, row in self._each() if not condition(watch, row)]
            return not missing
        missing = []
        try:
            eventually(what, holds)
        except AssertionError as error:
            self.missed.update(dict.fromkeys(missing, str(error)))

    def _run(self):
        self._wait("all is well", lambda watch, row: not row.starts_well or all(
            watch.up(row, c) for c in row.connections))
        self.well = Moment(self.watches)
        for _, row in self._each():
            row.switch(self, True)
        self._wait("the faults show", self._fault_shows)
        self.broken = Moment(self.watches)
        for _, row in self._each():
            row.switch(self, False)
        for watch in self.watches:
            watch.mended = True
            watch.look()
        self.mended = Moment(self.watches)
        self.recovered = {}  # id of a connection: the moment when it was first seen up again
        self._wait("all is well again", self._recovers)
        self.end = Moment(self.watches)
        self._read_secrets()

    def _fault_shows(self, watch, row):
        now = Moment([watch])
        for c in row.victims:
            if row.reason is None:
                # One poll may have been under way when the fault came, another may be now.
                if now.complete(c) < self.well.complete(c) + 4:
                    return False
            elif (now.failures(c) < self.well.failures(c) + 2 or
                  watch.value("telnyx_active_calls", row, c) is not None):
                return False
        return True

    def _recovers(self, watch, row):
        for c in row.connections:
            if c.id not in self.recovered and watch.up(row, c):
                self.recovered[c.id] = Moment(self.watches)
        return all(c.id in self.recovered for c in row.connections)

    def _read_secrets(self):
        """Everything of the API's answers that names or controls a single call."""
        self.secrets = set()
        key = {"Authorization": f"Bearer {API_KEY}"}
        for _, row in self._each():
            for c in row.connections:
                page = fetch_json(f"{self.simulator.api}/connections/{c.id}/active_calls"
                                  "?page%5Blimit%5D=250", headers=key)
                for call in page["data"]:
                    self.secrets.update(call[name] for name in (
                        "call_control_id", "call_leg_id", "call_session_id", "client_state")
                        if call[name])
