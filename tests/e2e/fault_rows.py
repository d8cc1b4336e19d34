"""The rows of the fault matrix: which faults there are, how each is switched on and off, and what
is right while it lasts."""

from real_parts import NameServer, NginxServer

KEPT = "kept for `stale_after`, then absent"
ABSENT = "absent: they were never known"
PROMPT = "at most 2 polls"
SLOWED = "the slowed wait, then at most 2 polls"

# Faults of the simulator that make a poll fail, with the reason.
FAILING = {
    "reset": "connect",
    "reset_body": "connect",
    "close": "connect",
    "close_body": "connect",
    "half_close": "connect",
    "blackhole": "timeout",
    "slow_loris": "timeout",
    "slow_body": "timeout",
    "not_http": "malformed_response",
    "endless_headers": "response_too_large",
    "endless_header_line": "response_too_large",
    "huge_body": "response_too_large",
    "gzip_bomb": "response_too_large",
    "truncated_gzip": "malformed_response",
    "empty_200": "malformed_response",
    "truncated_json": "malformed_response",
    "invalid_utf8": "malformed_response",
    "wrong_types": "malformed_response",
    "html_200": "malformed_response",
    "negative_durations": "malformed_response",
    "status_204": "unexpected_status",
    "redirect_301": "unexpected_status",
    "redirect_302": "unexpected_status",
    "status_401": "unauthorized",
    "undecodable_401": "unauthorized",
    "cut_401": "unauthorized",
    "status_403": "forbidden",
    "empty_403": "forbidden",
    "status_404": "not_found",
    "cut_404": "not_found",
    "status_422": "unprocessable",
    "status_429": "rate_limited",
    "rate_limited": "rate_limited",
    "rate_limited_until": "rate_limited",
    "undecodable_429": "rate_limited",
    "cut_429": "rate_limited",
    "status_500": "server_error",
    "status_502": "server_error",
    "huge_502": "server_error",
    "status_503": "server_error",
    "reset_503": "server_error",
    "repeated_cursor": "cursor_loop",
    "cursor_loop": "cursor_loop",
    "long_cursor": "malformed_response",
    "endless_pages": "too_many_pages",
}
# Faults of the simulator that do no harm, with what the numbers are.
HARMLESS = {
    "wrong_total": "right; `telnyx_reported_active_calls` says what the API says, and "
                   "`telnyx_poll_item_mismatches_total` counts",
    "total_as_text": "right; `telnyx_reported_active_calls` is absent, and "
                     "`telnyx_api_ignored_fields_total` counts",
    "negative_total": "right; `telnyx_reported_active_calls` is absent, and "
                      "`telnyx_api_ignored_fields_total` counts",
    "byte_order_mark": "right",
    "decimal_durations": "right",
    "encoding_none": "right",
    "huge_quota": "right",
    "nonsense_quota": "right",
    "backwards_pages": "right",
    "repeated_calls": "right: each call counts once",
    "ignored_limit": "right",
}
# Faults of the simulator that are not about single polls; odd_answers_test.py drives them.
ELSEWHERE = {"skewed_durations", "used_up_quota", "unusable_row", "endless_list"}
# The API's own count is of no use while these last.
WITHOUT_TOTAL = {"total_as_text", "negative_total"}
# A refused key, or too many requests with it, is a matter of the whole account.
ACCOUNT_WIDE = {"status_401", "undecodable_401", "cut_401", "status_429", "rate_limited",
                "rate_limited_until", "undecodable_429", "cut_429"}
# Reasons for which a request is retried. When the fault goes while that happens, so little of
# the poll's time may be left that it ends as timed out.
RETRIED = {"connect", "server_error", "rate_limited"}
# An account whose key is refused, and a connection that is refused, are asked less and less often:
# the wait doubles with each refusal, from one interval up to 5 minutes.
REFUSALS = {"status_401": "401", "undecodable_401": "401", "cut_401": "401", "status_403": "403",
            "empty_403": "403", "status_404": "404", "cut_404": "404", "status_422": "422"}


class Connection:
    def __init__(self, identifier, name, victim):
        self.id = identifier
        self.name = name
        self.victim = victim
        self.truth = None  # the simulator's counts; its time stands still


class Row:
    """One fault, met by one account: by its victims and, where there can be one, not by a
    bystander."""

    tls = ""
    starts_well = True

    def __init__(self, name, does, reason, meanwhile, recovery, bystander=True):
        self.name = name
        self.does = does
        self.reason = reason  # None: the polls stay complete
        self.meanwhile = meanwhile
        self.recovery = recovery
        roles = {"first": True, "later": True, "bystander": not bystander}
        self.connections = [Connection(f"{name}-{role}", f"{name} {role}", victim)
                            for role, victim in roles.items()]

    @property
    def victims(self):
        return [c for c in self.connections if c.victim]

    @property
    def may_time_out_at_its_end(self):
        return self.reason in RETRIED

    @property
    def refusal(self):
        return REFUSALS.get(self.name)

    def base_url(self, scenario):
        return scenario.simulator.api

    def log_pattern(self, connection):
        """The line that names the reason; a refused key is named once for the account."""
        if self.reason == "unauthorized":
            return rf'msg="API key refused" account={self.name} '
        return (rf'msg="poll failed" account={self.name} connection={connection.id} .* '
                rf"reason={self.reason} ")

    def recovery_log_pattern(self, connection):
        if self.reason == "unauthorized":
            return rf'msg="API key accepted again" account={self.name}'
        return rf'msg="poll succeeds again" account={self.name} connection={connection.id} '

    def switch(self, scenario, on):
        raise NotImplementedError

    def document(self):
        reason = f"`{self.reason}`" if self.reason else ""
        return (f"| `{self.name}` | {self.does} | {self.meanwhile} | {reason} | "
                f"{self.recovery} |\n")


class SimulatorRow(Row):
    """The first victim meets the fault from its first page on, the second from its second one."""

    def __init__(self, name, does):
        reason = FAILING.get(name)
        super().__init__(name, does, reason, KEPT if reason else HARMLESS[name],
                         "" if not reason else SLOWED if name in REFUSALS else PROMPT,
                         bystander=name not in ACCOUNT_WIDE)

    def switch(self, scenario, on):
        for connection in self.victims:
            later = ":later" if connection.id.endswith("-later") else ""
            scenario.simulator.faults("POST" if on else "DELETE",
                                      f"{self.name}{later}@{connection.id}")


class NginxRow(Row):
    """nginx with TLS and HTTP/2 is in front of the API and is told to be wrong."""

    def __init__(self, name, does, reason, meanwhile, recovery, break_server):
        super().__init__(name, does, reason, meanwhile, recovery, bystander=False)
        self._break_server = break_server

    def prepare(self, authority):
        self.server = NginxServer(f"{self.name}-good")
        host = self.server.address.split(":")[0]
        authority.issue(f"{self.name}-good", f"IP:{host}")
        authority.issue("expired", f"IP:{host}", expired=True)
        authority.issue("other_host", "DNS:other.example")
        self.tls = f"    tls: {{ca_file: {authority.pem}}}\n"

    def base_url(self, scenario):
        return f"https://{self.server.address}/v2"

    def switch(self, scenario, on):
        if on:
            self._break_server(self.server)
        else:
            self.server.certificate = f"{self.name}-good"
            self.server.requests_per_connection = 1000
        scenario.nginx.reload()


class RefusedRow(Row):
    """A simulator of its own is stopped, and started again at the same address."""

    def __init__(self):
        super().__init__("refused", "nothing listens: connections are refused", "connect", KEPT,
                         PROMPT, bystander=False)

    def base_url(self, scenario):
        return scenario.refusing.api

    def switch(self, scenario, on):
        if on:
            self._address = scenario.refusing.api.removeprefix("http://").removesuffix("/v2")
            scenario.refusing.stop()
        else:
            scenario.start_refusing(self._address)


class NameRow(Row):
    """The API's name cannot be found, or looking it up takes for ever. It starts so, because found
    addresses and open connections are used for some time."""

    starts_well = False

    def __init__(self, name, does, reason, state):
        super().__init__(name, does, reason, ABSENT, PROMPT, bystander=False)
        self.host = f"{name.replace('_', '-')}.invalid"
        self._state = state

    def base_url(self, scenario):
        return scenario.simulator.api.replace("127.0.0.1", self.host)

    def switch(self, scenario, on):
        scenario.name_server.names[self.host] = self._state if on else NameServer.LOOPBACK


def use_expired_certificate(server):
    server.certificate = "expired"


def use_other_hosts_certificate(server):
    server.certificate = "other_host"


def end_connections_in_mid_walk(server):
    server.requests_per_connection = 2


def harness_rows():
    return [
        RefusedRow(),
        NameRow("no_such_name", "DNS says that there is no such name", "connect",
                NameServer.NO_SUCH_NAME),
        NameRow("silent_dns", "DNS never answers", "timeout", NameServer.SILENT),
        NginxRow("expired_certificate", "the server's certificate has expired", "tls", KEPT, PROMPT,
                 use_expired_certificate),
        NginxRow("wrong_host_certificate", "the server's certificate is for another host", "tls",
                 KEPT, PROMPT, use_other_hosts_certificate),
        NginxRow("goaway", "HTTP/2 GOAWAY in the middle of a walk", None,
                 "right: the walk goes on over another connection", "",
                 end_connections_in_mid_walk),
    ]
