"""Breaks the polling side in one place at a time and tells whether the simulation notices: the
proof that its checks can fail. Works on a copy of the sources; prints a Markdown table.

    mutants.py [DAYS]      200 when left out: how many days each broken exporter is simulated
    mutants.py --check     nothing but whether each can still be broken so
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
# What is broken, in which file, which text, and what stands there instead.
MUTANTS = [
    ("the burst is never used up", "polling/rate_limiter.cpp",
     "tokens_ = TokensAt(now) - 1.0;", "tokens_ = TokensAt(now) - 0.9;"),
    ("a 429 does not halve the rate", "polling/rate_limiter.cpp",
     "RateAt(now) / 2,", "RateAt(now) / 1,"),
    ("the API's quota is not counted down", "polling/rate_limiter.cpp",
     "if (quota_ > 0) --quota_;", ""),
    ("new polls go before those under way", "polling/send_queue.cpp",
     "to_continue_.empty() ? to_begin_ : to_continue_",
     "to_begin_.empty() ? to_continue_ : to_begin_"),
    ("a machine that slept polls all at once", "polling/poller.cpp",
     "mode_ == PollMode::kContinuous && missed > 0;", "false;"),
    ("skipped polls are not counted", "polling/poller.cpp",
     "if (skipped > 0) observer_", "if (skipped > 1) observer_"),
    ("a connection is polled while it is polled", "polling/poller.cpp",
     "const bool busy = connection.poll || connection.waits_to_begin;",
     "const bool busy = connection.poll != nullptr;"),
    ("a refused key is tried by everybody", "polling/poller.cpp",
     "account.key_probe = connection.key;", "account.key_probe.reset();"),
    ("an old key's answer counts for the new one", "polling/poller.cpp",
     "if (connection.in_flight.endpoint != account.plan.endpoint) return;", ""),
    ("every retry counts twice", "polling/request_sequence.cpp",
     "  ++attempt_;\n", "  attempt_ += 2;\n"),
    ("an answer behind the time-out is taken", "polling/request_sequence.cpp",
     "if (now > deadline()) {", "if (false) {"),
    ("a wait may reach the time-out", "polling/retry_policy.cpp",
     "if (delay >= failed.remaining) return std::nullopt;", ""),
    ("Retry-After is not read", "polling/retry_policy.cpp",
     "delay = std::max(delay, *failed.advice.retry_after);", ""),
    ("every other interval is left out", "polling/poll_grid.cpp",
     "return anchor_ + (SlotOf(time) + 1) * interval_;",
     "return anchor_ + (SlotOf(time) + 2) * interval_;"),
    ("the last page's rows are left out", "polling/poll.cpp",
     "rows_.Add(rows);", "if (walk_.pages() == 0 || !page->after.empty()) rows_.Add(rows);"),
    ("an endless walk is published", "telnyx/page_walk.cpp",
     "if (pages_ >= limits_.max_pages)", "if (pages_ >= 10 * limits_.max_pages)"),
    ("legs on two pages are counted twice", "calls/call_summary.cpp",
     "    if (same.size() == 1) return;\n", "    return;\n"),
    ("a leg that was missing once has ended", "calls/call_tracker.cpp",
     "next_missing_.Append(*present_.front(), spare_);",
     "End(*present_.front(), half_gaps_.since_last_poll);"),
    ("a leg that comes back is a new one", "calls/call_tracker.cpp",
     "const bool same = leg.duration_seconds >= missing_.front()->duration_seconds;",
     "const bool same = false;"),
    ("an ended leg lasted until it was missed", "calls/call_tracker.cpp",
     "ToSeconds(last_gap_) / 2", "ToSeconds(last_gap_)"),
    ("a shard polls what belongs to another", "polling/discovery.cpp",
     "    if (!shard.Owns(account.name, connection.id)) continue;\n", ""),
    ("values are shown past stale_after", "metrics/connection_store.cpp",
     "values_ended + plan.stale_after", "values_ended + plan.stale_after + std::chrono::seconds(1)"),
    ("one list is enough to remove a connection", "polling/discovery.cpp",
     "std::ranges::binary_search(missed_once_, known.id)", "known.id.size() < 1000"),
]


def run(*command, **arguments):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **arguments)


def configure(copy):
    options = ("-DCMAKE_BUILD_TYPE=Release", "-DTELNYX_EXPORTER_TESTS=ON",
               "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    run("cmake", "-G", "Ninja", "-S", copy, "-B", copy / "build", *options).check_returncode()


def build(copy):
    return run("cmake", "--build", copy / "build", "--target", "simulation_test")


def simulate(copy, days):
    return run(copy / "build/tests/simulation/simulation_test", f"--seeds={days}")


def verdict(copy, days):
    built = build(copy)
    if built.returncode != 0:
        sys.exit(f"A mutant does not compile:\n{built.stdout[-3000:]}")
    simulated = simulate(copy, days)
    failures = re.findall(r"^--seed=\d+ --days=\S+: after \S+ s: (.*)$", simulated.stdout, re.M)
    if not failures:
        return "not noticed", ""
    return f"{len(failures)} of {days}", failures[0]


def check():
    """Whether every mutant can still be made."""
    for what, file, old, _ in MUTANTS:
        if old not in (SOURCES / "src" / file).read_text():
            sys.exit(f"{file} has no \"{old}\" any more: mend the mutant \"{what}\"")


def main():
    check()
    if sys.argv[1:] == ["--check"]:
        return 0
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    missed = 0
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "tree"
        shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("build", ".git"))
        configure(copy)
        if verdict(copy, days)[0] != "not noticed":
            sys.exit("The exporter fails the simulation as it is.")
        print("| broken | days that fail | what is said |\n|---|---|---|", flush=True)
        for what, file, old, new in MUTANTS:
            path = copy / "src" / file
            text = path.read_text()
            path.write_text(text.replace(old, new))
            share, said = verdict(copy, days)
            path.write_text(text)
            missed += share == "not noticed"
            print(f"| {what} | {share} | {said} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
