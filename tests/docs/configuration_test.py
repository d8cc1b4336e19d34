"""docs/configuration.md, which the program writes, shows a value of each key, and the file made of these values is accepted."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)
# One of three ways to hand over a key.
LEFT_OUT = {"api_key_env", "api_key"}


def sections():
    """{path: rows} in the page's order; "" is the top level."""
    parts = re.split(r"^## `(.*)`$", PAGE, flags=re.MULTILINE)
    return {"": ROW.findall(parts[0]), **{path: ROW.findall(text) for path, text in zip(parts[1::2], parts[2::2])}}


def shown_value(default, meaning):
    """The example, else the default; None for a key that shows neither."""
    example = re.search(r"Example: `(.*?)`\.$", meaning)
    literal = re.fullmatch(r"`(.*)`", default)
    if not (example or literal):
        return None
    value = yaml.safe_load((example or literal).group(1))
    return "" if value is None else value


class Configuration(unittest.TestCase):
    def mapping(self, path=""):
        result = {}
        for key, kind, default, meaning in sections()[path]:
            inner = f"{path}.{key}".lstrip(".")
            if kind == "mapping":
                result[key] = self.mapping(inner)
            elif kind == "list of mappings":
                result[key] = [self.mapping(inner + "[]")]
            elif key not in LEFT_OUT:
                result[key] = shown_value(default, meaning)
                self.assertIsNotNone(result[key], f"{inner} shows neither a default nor an example")
        return result

    def test_each_key_shows_a_value_and_all_together_are_accepted(self):
        configuration = self.mapping()
        self.assertGreater(len(str(configuration)), 500)
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "telnyx_exporter.yml")
            with open(path, "w", encoding="utf-8") as file:
                yaml.safe_dump(configuration, file)
            result = subprocess.run([os.environ["TELNYX_EXPORTER"], "--config.check=syntax", f"--config.file={path}"],
                                    capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main()
