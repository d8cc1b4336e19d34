"""The images that scripts/release.sh has made, loaded and run without a registry. Needs root."""

import json
import os
import re
import shlex
import subprocess
import tarfile
import unittest

from artefacts import DIST, ROOT, ArtefactTest, artefact, run, version

PACKAGE_MANAGERS_AND_SHELLS = re.compile(r"/s?bin/(sh|bash|dash|busybox|apt|apt-get|dpkg|apk|rpm|python3?|perl)$")
ARCHITECTURES = {"amd64", "arm64"}
MOST_MEGABYTES = 40


@unittest.skipIf(os.geteuid(), "only root can load an image without a daemon")
class ImagesTest(ArtefactTest):
    @classmethod
    def setUpClass(cls):
        work = cls.work = cls.temporary_directory()
        storage = os.path.join(work, "storage.conf")
        with open(storage, "w", encoding="utf-8") as file:
            file.write(f'[storage]\ndriver = "vfs"\ngraphroot = "{work}/graph"\nrunroot = "{work}/run"\n')
        cls.environment = {**os.environ, "CONTAINERS_STORAGE_CONF": storage}
        cls.addClassCleanup(subprocess.run, ["buildah", "rmi", "--all", "--force"], env=cls.environment,
                            capture_output=True, check=False)
        for name in ("exporter", "simulator"):
            directory = os.path.join(work, name)
            with tarfile.open(artefact(f"telnyx_{name}-{version()}-image.oci.tar")) as tar:
                tar.extractall(directory)

    def manifests(self, name):
        """Of each architecture: the manifest and the image's configuration."""
        directory = os.path.join(self.work, name)

        def blob(digest):
            with open(os.path.join(directory, "blobs", *digest.split(":")), "rb") as file:
                return file.read()
        with open(os.path.join(directory, "index.json"), encoding="utf-8") as file:
            index, = json.load(file)["manifests"]
        for entry in json.loads(blob(index["digest"]))["manifests"]:
            manifest = json.loads(blob(entry["digest"]))
            config = json.loads(blob(manifest["config"]["digest"]))
            layers = [os.path.join(directory, "blobs", *layer["digest"].split(":")) for layer in manifest["layers"]]
            yield entry["platform"]["architecture"], config, layers

    def test_one_index_for_both_architectures(self):
        for name in ("exporter", "simulator"):
            self.assertEqual({architecture for architecture, _, _ in self.manifests(name)}, ARCHITECTURES)

    def test_the_documented_copy_to_a_registry_has_both_architectures(self):
        """Into a directory, which has the format of the archive, in place of the registry."""
        with open(os.path.join(ROOT, "docs", "install.md"), encoding="utf-8") as file:
            command, = re.findall("^skopeo copy .*$", file.read(), re.MULTILINE)
        copied = os.path.join(self.work, "copied")
        command = re.sub(r"docker://\S+:VERSION$", f"oci:{copied}:VERSION", command).replace("VERSION", version())
        run(*shlex.split(command), cwd=DIST)
        self.assertEqual({architecture for architecture, _, _ in self.manifests("copied")}, ARCHITECTURES)

    def test_distroless_and_small(self):
        for architecture, _, layers in self.manifests("exporter"):
            size = 0
            names = set()
            for layer in layers:
                with tarfile.open(layer) as tar:
                    for member in tar:
                        size += member.size
                        names.add("/" + member.name.lstrip("./"))
            print(f"{architecture}: {size / 1e6:.1f} MB, {sum(map(os.path.getsize, layers)) / 1e6:.1f} MB compressed")
            self.assertLess(size / 1e6, MOST_MEGABYTES)
            self.assertEqual(set(filter(PACKAGE_MANAGERS_AND_SHELLS.search, names)), set())
            for name in ("/usr/bin/telnyx_exporter", "/etc/ssl/certs/ca-certificates.crt", "/etc/passwd",
                         "/var/lib/dpkg/status.d/libc6"):
                self.assertIn(name, names)

    def test_what_it_says_of_itself(self):
        for name, (architecture, config, _) in [(name, manifest) for name in ("exporter", "simulator")
                                                for manifest in self.manifests(name)]:
            self.assertEqual(config["architecture"], architecture)
            self.assertEqual(config["config"]["User"], "65532:65532")
            labels = {key.removeprefix("org.opencontainers.image."): value
                      for key, value in config["config"]["Labels"].items()}
            self.assertEqual((labels["title"], labels["version"]), (f"telnyx_{name}", version()))
            self.assertRegex(labels["revision"], "^[0-9a-f]{12}$")
            for label in ("description", "licenses", "source", "documentation"):
                self.assertTrue(labels[label])

    def podman(self, *arguments, network="host", pull="never"):
        return ["podman", "--runtime=/usr/sbin/runc", "--cgroup-manager=cgroupfs", "run", "--rm", f"--network={network}",
                f"--pull={pull}", "--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges",
                "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", *arguments]

    def load(self, name):
        # The path becomes the image's name, and a temporary directory's would not always be a valid one.
        run("podman", "pull", "--quiet", f"oci:{name}:{version()}", env=self.environment, cwd=self.work)
        return run("podman", "images", "--quiet", "--no-trunc", env=self.environment).split()[0]

    def test_the_command_of_the_readme(self):
        """With flags that this machine needs, and until it has asked the real API in vain."""
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            command, = re.findall("^podman run (.*)$", file.read(), re.MULTILINE)
        words = shlex.split(command.replace("VERSION", version()))
        result = subprocess.run(self.podman(*words, "--once", pull="missing"), capture_output=True, text=True, cwd=DIST,
                                check=False, timeout=120,
                                env={**self.environment, "TELNYX_API_KEY": "KEY_FOR_END_TO_END_TESTS"})
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("telnyx_discovery_failures_total", result.stdout)

    def test_runs_with_nothing_but_a_key(self):
        """The API's address is the one thing that a test has to change: the account of the default configuration is Telnyx's."""
        image = self.load("exporter")
        key = {**self.environment, "TELNYX_API_KEY": "KEY_FOR_END_TO_END_TESTS"}
        # All that it takes is the key: it goes on and asks the real API, which it cannot reach without a network.
        result = subprocess.run(self.podman("--env=TELNYX_API_KEY", image, "--once", network="none"), capture_output=True,
                                text=True, env=key, check=False, timeout=120)
        self.assertEqual(result.returncode, 1)
        self.assertIn("telnyx_discovery_failures_total", result.stdout + result.stderr)
        # The same against a simulated one, over TLS and with DNS.
        self.start_api()
        self.start_name_server()
        self.prepare_root(os.path.join(self.directory, "files"))
        os.chmod(self.directory, 0o755)
        files = os.path.join(self.directory, "files")
        self.assert_polls_and_serves(
            self.podman("--env=TELNYX_API_KEY", f"--volume={files}/config.yml:/config.yml:ro",
                        f"--volume={files}/etc/resolv.conf:/etc/resolv.conf:ro",
                        f"--volume={self.authority.pem}:/etc/ssl/certs/ca-certificates.crt:ro", image,
                        "--config.file=/config.yml"), key)


if __name__ == "__main__":
    unittest.main()
