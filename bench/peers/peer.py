"""Polls Telnyx connections and shows their calls with prometheus_client, as a user would write it in an hour.

    peer.py BASE_URL CONNECTIONS INTERVAL_SECONDS PORT [CA_FILE]
"""

import logging
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from prometheus_client import Counter, Gauge, start_http_server

CONCURRENT_POLLS = 32
CALLS = Gauge("active_calls", "Active calls", ["connection_id"])
SESSIONS = Gauge("active_call_sessions", "Sessions", ["connection_id"])
LONGEST = Gauge("longest_call_seconds", "Age of the oldest call", ["connection_id"])
FAILURES = Counter("poll_failures", "Failed polls", ["connection_id"])

threads = threading.local()


def session():
    """One for each thread: requests does not promise that threads can share one."""
    if not hasattr(threads, "session"):
        threads.session = requests.Session()
        threads.session.headers["Authorization"] = f"Bearer {os.environ['TELNYX_API_KEY']}"
    return threads.session


def poll(base_url, connection, ca_file):
    legs, sessions, longest, cursor = set(), set(), 0, None
    while True:
        query = {"page[limit]": 250}
        if cursor:
            query["page[after]"] = cursor
        response = session().get(f"{base_url}/connections/{connection}/active_calls", params=query, timeout=10,
                                 verify=ca_file or True)
        response.raise_for_status()
        page = response.json()
        for call in page["data"]:
            legs.add(call["call_leg_id"])
            sessions.add(call["call_session_id"])
            longest = max(longest, call["call_duration"])
        cursor = page["meta"]["cursors"]["after"]
        if not cursor:
            break
    CALLS.labels(connection).set(len(legs))
    SESSIONS.labels(connection).set(len(sessions))
    LONGEST.labels(connection).set(longest)


def poll_or_log(base_url, connection, ca_file):
    try:
        poll(base_url, connection, ca_file)
    except (requests.RequestException, KeyError, ValueError) as error:
        FAILURES.labels(connection).inc()
        logging.error("connection %s: %s", connection, error)


def main():
    base_url, connections, interval, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    ca_file = sys.argv[5] if len(sys.argv) > 5 else None
    start_http_server(port, addr="127.0.0.1")
    with ThreadPoolExecutor(CONCURRENT_POLLS) as pool:
        due = time.monotonic()
        while True:
            for connection in range(connections):
                pool.submit(poll_or_log, base_url, str(connection), ca_file)
            due += interval
            time.sleep(max(0, due - time.monotonic()))


if __name__ == "__main__":
    main()
