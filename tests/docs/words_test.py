"""Documentation, comments and messages use the field's standard words. Each pattern is a way of
saying it that readers had to translate, with what to write instead."""

import re
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

INSTEAD = {
    r"behind the last\b": "after the last",
    r"more behind the\b": "trailing content after the",
    r"stands? there": "exists",
    r"is not a text\b": "is not a string",
    r"an? whole number from\b": "a non-negative integer",
    r"configuration is right": "configuration OK",
    r"\banew\b": "again; for configuration: reloaded",
    r"everybody may everything": "every request is admitted",
    r"stays a place": "slots are reused but never removed",
    r"worked out (?:anew|again)": "recomputed",
    r"nobody has the\b": "every shared_ptr is gone",
    r"cost an? (?:tenth|twentieth)": "cost 5 %",
    r"becomes? of (?:it|them|the|what)\b": "what happens to",
    r"tells where\b": "prints the addresses",
    r"\bother bounds\.": "Changing thresholds.",
    r"yours is a directory": "Create a directory",
    r"same packages again": "for a reproducible image pin the packages",
    r"waiting for the own": "throttling",
    r"failed readings of": "discovery failures",
    r"\b(?:a|each|every|one) room (?:needs|of|is|has|may)\b|\brooms\b": "library",
    r"\bpages? of /metrics": "exposition",
}


def texts():
    files = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("deploy/**/*.md"),
             *PROJECT.glob("src/**/*.h"), *PROJECT.glob("src/**/*.cpp")]
    return [path for path in files if "node_modules" not in path.parts]


class Words(unittest.TestCase):
    def test_are_standard_words(self):
        patterns = {re.compile(pattern, re.IGNORECASE): word for pattern, word in INSTEAD.items()}
        files = texts()
        self.assertGreater(len(files), 200)
        for path in files:
            text = path.read_text(encoding="utf-8")
            # What a test writes has the words of what it tests.
            text = re.sub(r"<!-- [\w ]+: begin -->.*?<!-- [\w ]+: end -->", "", text,
                          flags=re.DOTALL)
            # A phrase may go on in the next line, of a comment too.
            text = re.sub(r"\n\s*(?://+ ?)?", " ", text)
            for pattern, word in patterns.items():
                found = pattern.search(text)
                with self.subTest(file=str(path.relative_to(PROJECT)), instead=word):
                    self.assertIsNone(found, found and found.group())


if __name__ == "__main__":
    unittest.main()
