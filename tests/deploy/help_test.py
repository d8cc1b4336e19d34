"""Manual pages and shell completion say the same as --help."""

import os
import re
import subprocess
import unittest

from harness import EXPORTER, SIMULATOR

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEBIAN = os.path.join(ROOT, "debian")
PROGRAMS = {"telnyx_exporter": EXPORTER, "telnyx_simulator": SIMULATOR}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def helped(name):
    """Of --help: {flag: whether it takes a value}."""
    flags = {}
    for line in run(PROGRAMS[name], "--help").splitlines():
        found = re.match(r"  (?:-h,)?(--\S+)( (TEXT|UINT|FLOAT)\b)?", line)
        if found:
            flags[found.group(1)] = bool(found.group(2))
    return flags


class HelpTest(unittest.TestCase):
    def for_each_program(self):
        for name in PROGRAMS:
            with self.subTest(name):
                flags = helped(name)
                self.assertGreater(len(flags), 10)
                yield name, flags

    def test_manual_pages(self):
        for name, flags in self.for_each_program():
            page = os.path.join(DEBIAN, "man", f"{name}.1")
            with open(page, encoding="utf-8") as file:
                text = file.read().replace("\\-", "-")
            options = dict(re.findall(r"^\.TP\n(?:\\fB-h\\fR, )?\\fB(--\S+?)\\fR(=.*)?$", text,
                                      re.MULTILINE))
            self.assertEqual({flag: bool(value) for flag, value in options.items()}, flags)
            # Defaults are those that --help shows.
            for flag, default in re.findall(
                    r"^  (--\S+) \S+?=\[?([^\s\]]+)", run(PROGRAMS[name], "--help"), re.MULTILINE):
                section = text.split(f"\\fB{flag}\\fR", 1)[1].split(".TP", 1)[0]
                self.assertIn(f"Default: {default}.", section, flag)
            complaints = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", page],
                                        capture_output=True, text=True, check=True).stderr
            self.assertEqual(complaints, "")

    def bash(self, name, *words):
        """What bash offers for the last word, which is split as readline splits it."""
        quoted = " ".join(f"'{word}'" for word in words)
        return run("bash", "-euc", f"source '{DEBIAN}/completion/{name}'\n"
                   f"COMP_WORDS=({name} {quoted}) COMP_CWORD={len(words)}\n"
                   f"function=$(complete -p {name} | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
                   "$function\nprintf '%s\\n' \"${COMPREPLY[@]}\"").split()

    def test_bash_completes_every_flag(self):
        for name, flags in self.for_each_program():
            self.assertEqual(sorted(self.bash(name, "--")), sorted(flags))
            for flag, takes_value in flags.items():
                offered = set(self.bash(name, flag, "--"))
                self.assertEqual(not offered & set(flags), takes_value, flag)

    def test_bash_completes_values(self):
        self.assertEqual(self.bash("telnyx_exporter", "--log.level", "=", "w"), ["warn"])
        self.assertEqual(self.bash("telnyx_exporter", "--log.format", "="), ["logfmt", "json"])
        self.assertEqual(self.bash("telnyx_exporter", "--config.file", f"{DEBIAN}/chan"),
                         [f"{DEBIAN}/changelog"])
        self.assertEqual(self.bash("telnyx_simulator", "--paging", "c"), ["cursor"])

    def test_zsh_completes_every_flag(self):
        for name, flags in self.for_each_program():
            specs = run("zsh", "-fc", "_arguments() { printf '%s\\n' \"$@\" }\n"
                        f". '{DEBIAN}/completion/_{name}'").splitlines()
            offered = {}
            for spec in specs:
                # Only the flag: what excludes it and what explains it are beside.
                found = re.match(r"(?:\([^)]*\))?\*?(--?[\w.-]+)(=?)(?:\[.*\])?(:.*)?$", spec)
                self.assertIsNotNone(found, spec)
                offered[found.group(1)] = bool(found.group(2)) and bool(found.group(3))
            self.assertFalse(offered.pop("-h"))
            self.assertEqual(offered, flags)
            self.assertEqual(run("head", "-n1", f"{DEBIAN}/completion/_{name}").strip(),
                             f"#compdef {name}")


if __name__ == "__main__":
    unittest.main()
