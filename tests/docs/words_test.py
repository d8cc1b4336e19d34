"""Documentation, comments and messages use the field's standard words. Each pattern is a way of
saying it that readers had to translate, with what to write instead."""

import re
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

INSTEAD = {
    r"\bbehind (?:the |its |their )?(?:last|limit|end|time-?out|time|body|document|byte|row)\b": "after the …",
    r"\bmore behind\b": "trailing content after",
    r"\bbytes? behind\b": "bytes after",
    r"\bstands? (?:in|at|before|among|there|nowhere|behind|after|beside)\b": "is in, exists",
    r"\bis not a text\b": "is not a string",
    r"\ba whole number from\b": "a non-negative integer",
    r"\b(?:configuration|file) is right\b": "configuration OK",
    r"\banew\b": "again; for configuration: reloaded",
    r"\btak(?:e|es|en) up\b": "applied, reloaded",
    r"\b(?:nobody|anybody) [a-z]|\bwhoever\b": "no one, no job, no client; the first sender; or who or what it is",
    r"\bbehind the (?:rows|last byte|document|soak)\b": "after",
    r"\beverybody\b": "everyone; every request is admitted",
    r"\bnull rules:": "with null rules every request is admitted",
    r"\bstays a place\b": "slots are reused but never removed",
    r"\bworked out (?:anew|again)\b": "recomputed",
    r"\bin a list it takes\b": "stored in",
    r"\bnobody has the\b": "every shared_ptr is gone",
    r"\btake it from the system\b": "reallocate it",
    r"\bcosts? an? (?:tenth|twentieth)\b": "cost 5 %",
    r"\b(?:become|becomes|becoming) of (?:it|them|the|what)\b": "what happens to",
    r"\btells? where\b|\bhas become of\b": "prints the addresses, what happened to",
    r"\btells (?:the|its) figures\b|\btells its bounds\b": "has",
    r"\bsees? to it\b": "makes sure, checks",
    r"\bother bounds\.": "Changing thresholds.",
    r"\byours is a directory\b": "Create a directory",
    r"\bsame packages again\b": "for a reproducible image pin the packages",
    r"\b(?:waiting for|of) the own\b": "throttling",
    r"\brequests? (?:is |are |was |were )?sent again\b": "retried, retries",
    r"\bfailed readings of\b": "discovery failures",
    r"\brooms\b|\b(?:a|each|every|one) room (?:needs|of|is|has|may)\b": "library",
    r"\bpages? of /metrics\b": "exposition",
    r"\b(?:do|does) not mend\b": "is not fixed by a restart",
    r"\bmay stand here\b|\bopens the simulator alone\b": "only valid for the simulator, so not a secret",
    r"\bmay come in\b|\ball that goes out\b": "may connect, may be connected to",
    r"\basked by itself\b": "scraped separately",
    r"\bmade by you\b": "Create it first",
    r"\bmore than one \w+ can poll\b": "for accounts that one exporter cannot poll alone",
    r"\bmakes new pods\b": "replaces the pods",
    r"\bsystemd hands over\b|\bhand it over\b": "pass to, give to",
    r"\byour own in its place\b": "replace it with your own",
    r"\bno reason for a restart\b": "must not restart it",
    r"\bone pod more\b": "an extra pod",
}
FILES = ["*.md", "Dockerfile", "CMakeLists.txt", ".clang-tidy", "docs/**/*.md", "config/**/*.yml", "cmake/*.cmake", "scripts/*.sh",
         "src/**/*.h", "src/**/*.cpp", "src/**/*.js", "src/**/*.css", "bench/*.*", "debian/man/*", "debian/completion/*", "debian/etc/**/*",
         "deploy/**/*.md", "deploy/**/*.yml", "deploy/**/*.yaml", "deploy/**/*.libsonnet", "deploy/**/*.mjs", "deploy/**/*.py",
         "deploy/**/*.tpl", "deploy/**/*.txt", "deploy/**/*.env", "deploy/systemd/*", "deploy/tarball/*", ".github/**/*.*",
         "debian/rules", "debian/control", "debian/copyright", "debian/*.postrm", "tests/**/*.h", "tests/**/*.cpp", "tests/**/*.py", "tests/**/*.mjs", "tests/**/CMakeLists.txt"]


def texts():
    files = {path for pattern in FILES for path in PROJECT.glob(pattern) if path.is_file()}
    return sorted(path for path in files if path != Path(__file__).resolve() and "node_modules" not in path.parts)


class Words(unittest.TestCase):
    def test_are_standard_words(self):
        patterns = {re.compile(pattern, re.IGNORECASE): word for pattern, word in INSTEAD.items()}
        files = texts()
        self.assertGreater(len(files), 400)
        for path in files:
            text = path.read_text(encoding="utf-8")
            # What a test writes has the words of what it tests.
            text = re.sub(r"<!-- [\w ]+: begin -->.*?<!-- [\w ]+: end -->", "", text,
                          flags=re.DOTALL)
            # A phrase may go on in the next line, of a comment too.
            text = re.sub(r"\n\s*(?:(?://+|#+|\*) ?)?", " ", text)
            for pattern, word in patterns.items():
                found = pattern.search(text)
                with self.subTest(file=str(path.relative_to(PROJECT)), instead=word):
                    self.assertIsNone(found, found and found.group())


if __name__ == "__main__":
    unittest.main()
