"""The tables of docs/flags.md say the same as --help. UPDATE_GOLDEN=1 writes them."""

import os
import re
import subprocess
import unittest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "flags.md"
PROGRAMS = {"telnyx_exporter": "TELNYX_EXPORTER", "telnyx_simulator": "TELNYX_SIMULATOR"}
KINDS = {"TEXT": "text", "UINT": "integer", "FLOAT": "number"}
FLAG = re.compile(r"(?:-h, ?)?(?P<name>--[\w.-]+)(?: (?P<kind>TEXT|UINT|FLOAT)(?P<check>:.*?(?:\]|\}))?"
                  r"(?:(?:=| (?=\[))\[?\[?(?P<default>[^\s\]\[]+)\]?\]?)?(?P<repeats> \.\.\.)?)?(?: +Excludes:(?: --?\S+)+)? +(?P<meaning>\S.*)")


def rows_of(help_text):
    """One line an option, however CLI11 wraps it."""
    options = re.split(r"\n(?=  -)", help_text.partition("Options:\n")[2].partition("\n\n")[0])
    for option in options:
        found = FLAG.fullmatch(re.sub(r"\s+", " ", option).strip())
        if not found:
            raise AssertionError(f"cannot read {option}")
        meaning = found["meaning"]
        kind = KINDS.get(found["kind"], "")
        check = re.sub(r"^:(?:\w+ in )?", "", found["check"] or "")
        if check.startswith("["):
            kind += ", " + check.strip("[]").replace(" - ", " to ")
        elif check:
            kind = check.strip("{}").replace(",", ", ")
        if found["repeats"]:
            kind += ", repeatable"
            meaning = meaning.replace("; repeatable, ", "; ").replace("; repeatable", "")
        default = f"`{found['default']}`" if found["default"] else ""
        yield f"| `{found['name']}` | {kind} | {default} | {meaning} |"


class Flags(unittest.TestCase):
    def test_say_the_same_as_help(self):
        text = PAGE.read_text(encoding="utf-8")
        for program, variable in PROGRAMS.items():
            help_text = subprocess.run([os.environ[variable], "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
            rows = list(rows_of(help_text))
            self.assertGreater(len(rows), 15)
            table = "\n".join(["| flag | value | default | meaning |", "|---|---|---|---|", *rows])
            begin, end = f"<!-- {program} flags: begin -->\n", f"\n<!-- {program} flags: end -->"
            before, _, rest = text.partition(begin)
            shown, _, after = rest.partition(end)
            if os.environ.get("UPDATE_GOLDEN"):
                text = before + begin + table + end + after
                PAGE.write_text(text, encoding="utf-8")
            else:
                self.assertEqual(shown, table)


if __name__ == "__main__":
    unittest.main()
