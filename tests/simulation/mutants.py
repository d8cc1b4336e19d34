"""Breaks the polling side in one place at a time and tells whether the simulation notices: the
proof that its checks can fail. Works on a copy of the sources; prints a Markdown table.

    mutants.py [DAYS]      400 when left out: the most days for which each broken exporter is simulated, up to the first that fails
    mutants.py --check     nothing but whether each can still be broken so
"""

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
# What is broken, in which file, which text, and what replaces it.
MUTANTS = [
    ("the burst is never used up", "polling/account_limits.cpp",
     "tokens_ = TokensAt(now) - 1.0;", "tokens_ = TokensAt(now) - 0.9;"),
    ("a 429 does not halve the rate", "polling/account_limits.cpp",
     "RateAt(now) / 2,", "RateAt(now) / 1,"),
    ("the API's quota is not counted down", "polling/account_limits.cpp",
     "if (quota_ > 0) --quota_;", ""),
    ("new polls go before those under way", "polling/job.cpp",
     "to_continue_.empty() ? to_begin_ : to_continue_",
     "to_begin_.empty() ? to_continue_ : to_begin_"),
    ("polls under way go on in turn", "polling/job.cpp",
     "return std::pair(poll.sequence->begun(), poll.connection);", "return poll.sequence == nullptr;"),
    ("lists go before all polls", "polling/job.cpp",
     "lists_ && (polls.empty() || !lists_went_last_)", "lists_.has_value()"),
    ("values that have expired come back", "state/snapshots.h",
     "if (values != nullptr && now >= values_expire()) values_expired = values_expire();", ""),
    ("a connection's own refusal is blamed on the key", "polling/polled_connection.cpp",
     "return refused_alone_;", "return false;"),
    ("an accepted key leaves what it held back waiting", "polling/account.cpp",
     "connection->RetryAfterKeyRefusal(now);", "(void)connection;"),
    ("a refused key is not tried before a long interval is over", "polling/account.cpp",
     "if (shortest > *wait) connection.Reschedule(&PollSchedule::PollBy, now + *wait);", ""),
    ("lists that are read do not prove the key", "polling/account.cpp",
     "if (key_guard_.refused()) {", "if (false) {"),
    ("a poll that an old key is refused for waits for its interval", "polling/account.cpp",
     "if (old_key_refused) connection.Reschedule(&PollSchedule::Retry, now);", ""),
    ("values of a longer interval are kept whatever fails", "polling/poll_schedule.cpp",
     "if (!complete_) return;", "return;"),
    ("refused connections need as many requests as others", "polling/poll_schedule.cpp",
     "RefusedInterval(grid_.interval(), refusals_)", "grid_.interval()"),
    ("a list that misses a row once takes its limits", "polling/discovery.cpp",
     "KeepLimits(known, *now->second);", ";"),
    ("of an outage all its time counts", "calls/call_tracker.cpp",
     "counted_gap_ = is_outage ? expected : gap;", "counted_gap_ = gap;"),
    ("a machine that slept polls all at once", "polling/polled_connection.cpp",
     "missed + (busy || missed > 0 ? 1 : 0);", "busy ? 1 : 0;"),
    ("skipped polls are not counted", "polling/polled_connection.cpp",
     "context_.observers.Tell(&PollObserver::OnPollsSkipped,",
     "if (skipped > 1) context_.observers.Tell(&PollObserver::OnPollsSkipped,"),
    ("a connection is polled while it is polled", "polling/polled_connection.cpp",
     "const bool busy = sequence || waiting_since;", "const bool busy = sequence != nullptr;"),
    ("a refused key is tried by every poll", "polling/account_limits.cpp",
     "trial_ = Trial{.connection = connection, .begun = now};", ""),
    ("polls that wait while a refused key is tried go on waiting", "polling/account.cpp",
     "if (key_guard_.OnPollBegun(*job.connection, now)) HoldBackWaiting(now);",
     "key_guard_.OnPollBegun(*job.connection, now);"),
    ("the slowest connection decides when a refused key is tried", "polling/account.cpp",
     "Duration shortest = Duration::max();",
     "return connections.back()->schedule().in_force().interval;\n  Duration shortest{};"),
    ("an old key's answer counts for the new one", "polling/account.cpp",
     "if (connection.endpoint != plan_.endpoint) return;", ""),
    ("a new key leaves refused connections waiting", "polling/account.cpp",
     "connection->Reschedule(&PollSchedule::Retry, now);", ""),
    ("a reload leaves the lists to their old interval", "polling/account.cpp",
     "  } else {\n    ScheduleRefresh(now);\n  }", "  }"),
    ("lists that a reload makes useless are read to their end", "polling/account.cpp",
     "    StopRefresh();\n    refresh_.due = now;", "    if (refresh_.sequence) return;\n    refresh_.due = now;"),
    ("what lists said outlives discovery", "polling/account.cpp",
     "    discovered_ = {};\n", ""),
    ("more connections than may be are taken", "polling/discovery.cpp",
     "selected && ++selected_ > selection_.max_connections", "false"),
    ("the first poll comes anywhere in the interval", "polling/poll_schedule.cpp",
     "std::min(intervals_.interval, kFirstPollWithin)", "intervals_.interval"),
    ("intervals do not follow the budget", "polling/account_limits.cpp",
     "if (demand.total() <= allowed) return {};", "return {};"),
    ("idle connections wait no longer than busy ones", "polling/account_limits.h",
     "kMostIdleWait = 4;", "kMostIdleWait = 1;"),
    ("idle connections wait four of their own intervals", "polling/account_limits.cpp",
     "std::max(wanted, Times(intervals.interval, kMostIdleWait));",
     "Times(wanted, kMostIdleWait);"),
    ("two polls without a call make a connection idle", "polling/account_limits.h",
     "kIdlePolls = 3;", "kIdlePolls = 2;"),
    ("a shorter interval puts polls off", "polling/poll_schedule.cpp",
     "in_force_.interval < before ? std::min(due_, next) : next;", "next;"),
    ("the need counts a page for each poll", "polling/poll_schedule.cpp",
     "  pages_ = pages;\n", ""),
    ("values expire without a word", "polling/account.cpp",
     "if (connection->schedule().expiry() <= now) {", "if (false) {"),
    ("the budget is blamed for what the API forbids", "polling/account_limits.cpp",
     "if (asked_to_wait || slowed_down) {", "if (slowed_down) {"),
    ("the wait for a free slot counts as the limit's", "polling/job.cpp",
     "free_slots && !empty() ?", "!empty() ?"),
    ("the wait that the API asks for counts as the limit's", "polling/job.cpp",
     "grows_from_ = std::max(now, limiter_.ApiLimitEnds());",
     "grows_from_ = now;\n  if (limiter_.ApiLimitEnds() > now) grows_until_ = limiter_.ApiLimitEnds();"),
    ("every retry counts twice", "polling/request_sequence.cpp",
     "  ++attempt_;\n", "  attempt_ += 2;\n"),
    ("an answer after the time-out is accepted", "polling/request_sequence.cpp",
     "if (now > deadline()) {", "if (false) {"),
    ("a wait may reach the time-out", "polling/request_sequence.cpp",
     "if (delay >= failed.remaining) return std::nullopt;", ""),
    ("Retry-After is not read", "polling/request_sequence.cpp",
     "delay = std::max(delay, *failed.advice.retry_after);", ""),
    ("every other interval is left out", "polling/poll_schedule.cpp",
     "return anchor_ + (SlotOf(time) + 1) * interval_;",
     "return anchor_ + (SlotOf(time) + 2) * interval_;"),
    ("the last page's rows are left out", "polling/polled_connection.cpp",
     "rows_.Add(rows);", "if (walk_.pages() == 0 || !page->after.empty()) rows_.Add(rows);"),
    ("an endless walk is published", "telnyx/page_walk.cpp",
     "if (pages_ >= limits_.max_pages)", "if (pages_ >= 10 * limits_.max_pages)"),
    ("legs on two pages are counted twice", "calls/sorted_legs.cpp",
     "std::ranges::unique(begin, end, {}, id_of);", "std::ranges::subrange(end, end);"),
    ("a leg that was missing once has ended", "calls/call_tracker.cpp",
     "next_missing_.Append(*present_.front(), spare_);",
     "changes_.completed.Add(present_.front()->id,\n"
     "                         present_.front()->duration_seconds + half_gap_seconds_);"),
    ("a leg that comes back is a new one", "calls/call_tracker.cpp",
     "} else if (IsFront(missing_, leg)) {", "} else if (false) {"),
    ("a leg's newest duration counts, not its largest", "calls/call_tracker.cpp",
     "std::max(leg.duration_seconds, known.front()->duration_seconds)", "leg.duration_seconds"),
    ("a call is long when it has lasted as long as the threshold", "calls/call_summary.cpp",
     ".threshold = CountBelow(*thresholds_, duration_seconds)",
     ".threshold = CountBelow(*thresholds_, duration_seconds + 1)"),
    ("an ended leg lasted until it was missed", "calls/call_tracker.cpp",
     "ToSeconds(counted_gap_) / 2", "ToSeconds(counted_gap_)"),
    ("a shard polls what belongs to another", "polling/discovery.cpp",
     "    if (!shard.Owns(account.name, connection.id)) continue;\n", ""),
    ("values are shown past stale_after", "state/snapshots.h",
     "values_ended + in_force().stale_after);",
     "values_ended + in_force().stale_after + std::chrono::seconds(1));"),
    ("one list is enough to remove a connection", "polling/discovery.cpp",
     "std::ranges::binary_search(missed_once_, known.id)", "known.id.size() < 1000"),
]


def run(*command, timeout=None):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=timeout)


def configure(copy):
    # Not as unity sources: of each mutant one file is compiled, and not a whole library.
    options = ("-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1", "-DTELNYX_EXPORTER_TESTS=ON", "-DTELNYX_EXPORTER_E2E=OFF",
               "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    run("cmake", "-G", "Ninja", "-S", copy, "-B", copy / "build", *options).check_returncode()


def build(copy, program):
    built = run("cmake", "--build", copy / "build", "--target", "simulation_test")
    if built.returncode != 0:
        sys.exit(f"A mutant does not compile:\n{built.stdout[-3000:]}")
    shutil.copy(copy / "build/tests/simulation/simulation_test", program)


def simulate(program, days):
    """The first day that fails and its message; two empty texts when none does."""
    try:
        simulated = run(program, f"--seeds={days}", "--stop-at-failure", timeout=900)
    except subprocess.TimeoutExpired:
        return "", "does not end"
    finally:
        program.unlink()
    failure = re.search(r"^--seed=(\d+) --days=\S+: after \S+ s: (.*)$", simulated.stdout, re.M)
    if failure:
        return failure.groups()
    if simulated.returncode != 0:
        return "", f"ends with {simulated.returncode}"
    return "", ""


def check():
    """Whether every mutant can still be made."""
    for what, file, old, _ in MUTANTS:
        if old not in (SOURCES / "src" / file).read_text():
            sys.exit(f"{file} has no \"{old}\" any more: mend the mutant \"{what}\"")


def main():
    check()
    if sys.argv[1:] == ["--check"]:
        return 0
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    missed = 0
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(max_workers=1) as simulations:
        copy = Path(directory) / "tree"
        shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("build", ".git"))
        configure(copy)
        # Each is simulated while the next one is compiled.
        mutants = [("nothing", "polling/account.cpp", "", ""), *MUTANTS]
        verdicts = []
        for number, (what, file, old, new) in enumerate(mutants):
            path = copy / "src" / file
            text = path.read_text()
            path.write_text(text.replace(old, new) if old else text)
            program = Path(directory) / f"mutant_{number}"
            build(copy, program)
            path.write_text(text)
            verdicts.append((what, simulations.submit(simulate, program, days if old else 40)))
        if verdicts.pop(0)[1].result() != ("", ""):
            sys.exit("The exporter fails the simulation as it is.")
        print("| broken | first day that fails | message |\n|---|---|---|")
        for what, verdict in verdicts:
            day, said = verdict.result()
            missed += not said
            print(f"| {what} | {day} | {said or f'not noticed in {days} days'} |")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
