"""The manifests for Kubernetes: built as users build them, valid, fitting what they run."""

import copy
import glob
import json
import os
import re
import subprocess
import unittest

import yaml

from harness import EXPORTER, EndToEndTest, fetch
from kubernetes_programs import programs, run
from npm_packages import install

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
KUBERNETES = os.path.join(ROOT, "deploy", "kubernetes")
RULES = os.path.join(ROOT, "deploy", "prometheus", "telnyx_exporter.rules.yml")
OPERATOR = os.path.join(KUBERNETES, "components", "prometheus-operator")
LABEL = {"app.kubernetes.io/name": "telnyx-exporter"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def build(directory):
    _, kubectl = programs()
    built = run(kubectl, "kustomize", directory)
    if built.stderr:
        raise AssertionError(built.stderr)
    return list(yaml.safe_load_all(built.stdout))


def one(manifests, kind):
    [found] = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


class FilesTest(EndToEndTest):
    """What is in the files, whether or not there is a kubectl to build them with."""

    @classmethod
    def setUpClass(cls):
        cls.programs = install(HERE, os.path.join(os.environ["NPM_DIR"], "kubernetes"),
                               "validate.mjs")

    def validate(self, manifests):
        path = self.write("manifests.json", json.dumps(manifests))
        return subprocess.run(["node", "validate.mjs", path], cwd=self.programs,
                              capture_output=True, text=True, check=False)

    def manifests(self):
        paths = [path for path in glob.glob(KUBERNETES + "/**/*.yaml", recursive=True)
                 if not path.endswith("kustomization.yaml")]
        self.assertEqual(len(paths), 7)
        return [yaml.safe_load(read(path)) for path in paths]

    def test_they_are_valid(self):
        checked = self.validate(self.manifests())
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_mistakes_are_found(self):
        deployment = copy.deepcopy(one(self.manifests(), "Deployment"))
        deployment["spec"]["replicas"] = "two"
        monitor = copy.deepcopy(one(self.manifests(), "ServiceMonitor"))
        monitor["spec"]["endpoints"] = [{"interval": 15}]
        checked = self.validate([deployment, monitor])
        self.assertEqual(checked.returncode, 1)
        self.assertIn("replicas", checked.stdout)
        self.assertIn("interval", checked.stdout)

    def test_the_rule_has_the_rules_of_the_rule_file(self):
        self.assertEqual(yaml.safe_load(read(os.path.join(OPERATOR, "prometheusrule.yaml")))["spec"],
                         yaml.safe_load(read(RULES)))

    def test_the_configuration_is_valid(self):
        for file in ("base/telnyx_exporter.yml", "overlays/sharded/telnyx_exporter.yml"):
            checked = subprocess.run([EXPORTER, "--config.check=syntax",
                                      f"--config.file={KUBERNETES}/{file}"],
                                     capture_output=True, text=True, check=False)
            self.assertEqual((checked.returncode, checked.stderr), (0, ""))

    def test_the_accounts_rate_is_divided_once(self):
        """The base divides it among its replicas; shards divide it themselves."""
        def rate(file):
            [account] = yaml.safe_load(read(os.path.join(KUBERNETES, file)))["accounts"]
            self.assertTrue(account["discovery"]["channel_limits"])
            return account["rate_limit"]["requests_per_second"]
        deployment = one(self.deployments(), "Deployment")["spec"]
        self.assertEqual(rate("base/telnyx_exporter.yml") * deployment["replicas"],
                         rate("overlays/sharded/telnyx_exporter.yml"))
        self.assertEqual(deployment["strategy"]["rollingUpdate"]["maxSurge"], 0)

    @staticmethod
    def deployments():
        return [yaml.safe_load(read(os.path.join(KUBERNETES, "base", "deployment.yaml")))]


class BuiltTest(FilesTest):
    def setUp(self):
        super().setUp()
        self.base = build(os.path.join(KUBERNETES, "base"))
        self.sharded = build(self.write_kustomization(
            f"resources: [{KUBERNETES}/overlays/sharded]\n"
            f"components: [{OPERATOR}]\nnamespace: monitoring\n"))

    def write_kustomization(self, text):
        """Of a user of these, in a directory of its own, by relative paths."""
        directory = os.path.join(self.directory, "mine")
        os.makedirs(directory, exist_ok=True)
        relative = os.path.relpath(KUBERNETES, os.path.realpath(directory))
        self.write("mine/kustomization.yaml", text.replace(KUBERNETES, relative))
        return directory

    def manifests(self):
        return self.base + self.sharded

    def workloads(self):
        return one(self.base, "Deployment"), one(self.sharded, "StatefulSet")

    test_mistakes_are_found = None  # tried with the files

    def test_what_there_is(self):
        base = {"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service",
                "ServiceAccount"}
        self.assertEqual({manifest["kind"] for manifest in self.base}, base)
        self.assertEqual({manifest["kind"] for manifest in self.sharded},
                         base - {"Deployment"}
                         | {"StatefulSet", "ServiceMonitor", "PrometheusRule"})
        for manifest in self.manifests():
            self.assertEqual(manifest["metadata"]["labels"], LABEL)

    def test_pods_meet_the_restricted_pod_security_standard(self):
        for workload in self.workloads():
            pod = workload["spec"]["template"]["spec"]
            for key in ("hostNetwork", "hostPID", "hostIPC", "initContainers"):
                self.assertNotIn(key, pod)
            self.assertTrue(pod["securityContext"]["runAsNonRoot"])
            self.assertGreater(pod["securityContext"]["runAsUser"], 0)
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertFalse(pod["automountServiceAccountToken"])
            for volume in pod["volumes"]:
                self.assertTrue(set(volume) - {"name"} <= {"configMap", "secret"})
            [container] = pod["containers"]
            self.assertEqual(container["securityContext"], {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]}})
            self.assertFalse(any("hostPort" in port for port in container["ports"]))

    def test_selectors_select_the_pods(self):
        for manifests, kind in ((self.base, "Deployment"), (self.sharded, "StatefulSet")):
            workload = one(manifests, kind)
            labels = workload["spec"]["template"]["metadata"]["labels"]
            self.assertEqual(labels, LABEL)
            for selector in (
                    workload["spec"]["selector"]["matchLabels"],
                    one(manifests, "Service")["spec"]["selector"],
                    one(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
                    one(manifests, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
                    workload["spec"]["template"]["spec"]["topologySpreadConstraints"][0][
                        "labelSelector"]["matchLabels"]):
                self.assertEqual(selector, labels)
        self.assertEqual(one(self.sharded, "ServiceMonitor")["spec"]["selector"]["matchLabels"],
                         one(self.sharded, "Service")["metadata"]["labels"])
        [source] = one(self.base, "NetworkPolicy")["spec"]["ingress"][0]["from"]
        self.assertEqual(source["podSelector"]["matchLabels"],
                         {"app.kubernetes.io/name": "prometheus"})

    def test_what_the_pods_refer_to_is_there(self):
        for manifests, workload in zip((self.base, self.sharded), self.workloads(), strict=True):
            pod = workload["spec"]["template"]["spec"]
            [container] = pod["containers"]
            self.assertEqual(pod["serviceAccountName"],
                             one(manifests, "ServiceAccount")["metadata"]["name"])
            volumes = {volume["name"]: volume for volume in pod["volumes"]}
            config = one(manifests, "ConfigMap")
            self.assertEqual(volumes["config"]["configMap"]["name"], config["metadata"]["name"])
            mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            self.assertEqual(set(mounts), set(volumes))
            [file] = config["data"]
            self.assertIn(f"--config.file={mounts['config']}/{file}", container["args"])
            [account] = yaml.safe_load(config["data"][file])["accounts"]
            self.assertTrue(account["api_key_file"].startswith(mounts["api-key"] + "/"))
            # The exporter refuses a key that others may write.
            self.assertEqual(volumes["api-key"]["secret"]["defaultMode"] & 0o022, 0)
            self.assertEqual(one(manifests, "Service")["spec"]["ports"][0]["targetPort"],
                             container["ports"][0]["name"])

    def test_the_exporter_takes_these_flags_and_answers_the_probes(self):
        simulator = self.start_simulator("--connections=60")  # some for the shard, too
        for workload in self.workloads():
            [container] = workload["spec"]["template"]["spec"]["containers"]
            flags = [arg for arg in container["args"] if not arg.startswith("--config.file=")]
            # The number of the shard is at the end of the pod's name, which this machine has not.
            flags = [flag.replace("--shard=auto", "--shard=0") for flag in flags]
            exporter = self.start_exporter(
                self.write_config(simulator.api, simulator.truth()), *flags,
                name=workload["kind"])
            exporter.wait_until_ready()
            for probe in ("livenessProbe", "readinessProbe"):
                path = container[probe]["httpGet"]["path"]
                self.assertEqual(fetch(exporter.url + path)[0], 200)
            self.assertEqual(container["ports"][0]["containerPort"], 10035)

    def test_each_pod_is_a_shard(self):
        spec = one(self.sharded, "StatefulSet")["spec"]
        args = spec["template"]["spec"]["containers"][0]["args"]
        self.assertIn("--shard=auto", args)
        self.assertIn(f"--total-shards={spec['replicas']}", args)
        self.assertEqual(spec["serviceName"], one(self.sharded, "Service")["metadata"]["name"])

    def test_the_rules_find_the_job(self):
        monitor = one(self.sharded, "ServiceMonitor")["spec"]
        job = one(self.sharded, "Service")["metadata"]["labels"][monitor["jobLabel"]]
        for pattern in re.findall(r'job=~"([^"]+)"', read(RULES)):
            self.assertRegex(job, f"^(?:{pattern})$")
        self.assertEqual(monitor["endpoints"][0]["port"],
                         one(self.sharded, "Service")["spec"]["ports"][0]["name"])

    def test_the_documented_use_of_ones_own(self):
        """Builds the kustomization that docs/install.md shows."""
        shown = re.search(r"```yaml\n(# kustomization.yaml\n.*?)```",
                          read(os.path.join(ROOT, "docs", "install.md")), re.DOTALL).group(1)
        self.write_kustomization("")
        self.write("mine/telnyx_exporter.yml", "accounts: [{connections: [{id: 5}]}]\n")
        shown = shown.replace("telnyx_exporter/deploy/kubernetes", KUBERNETES)
        manifests = build(self.write_kustomization(shown))
        self.assertIn("id: 5", one(manifests, "ConfigMap")["data"]["telnyx_exporter.yml"])
        self.assertEqual({manifest["metadata"]["namespace"] for manifest in manifests}, {"telnyx"})
        image = one(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"]
        self.assertEqual(image, "images.example/telnyx_exporter:1.0.0")
        self.assertTrue(one(manifests, "PrometheusRule"))


if __name__ == "__main__":
    unittest.main()
