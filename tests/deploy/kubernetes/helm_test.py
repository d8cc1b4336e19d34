"""The Helm chart: linted, rendered for each of its examples by a real Helm, valid, and right."""

import glob
import json
import os
import re
import subprocess
import sys
import unittest

import yaml

from harness import EXPORTER, EndToEndTest, fetch
from kubernetes_programs import programs, run
from npm_packages import install

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
HELM_DIR = os.path.join(ROOT, "deploy", "helm")
CHART = os.path.join(HELM_DIR, "telnyx-exporter")
RULES = os.path.join(ROOT, "deploy", "prometheus", "telnyx_exporter.rules.yml")
EXAMPLES = sorted(glob.glob(os.path.join(CHART, "ci", "*-values.yaml")))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class HelmTest(EndToEndTest):
    @classmethod
    def setUpClass(cls):
        cls.helm, _ = programs()
        cls.validator = install(HERE, os.path.join(os.environ["NPM_DIR"], "kubernetes"),
                                "validate.mjs")

    def template(self, *flags):
        out = run(self.helm, "template", "telnyx", CHART, "--namespace=monitoring", *flags).stdout
        return [manifest for manifest in yaml.safe_load_all(out) if manifest]

    def example(self, name, *flags):
        return self.template(f"--values={CHART}/ci/{name}-values.yaml", *flags)

    def one(self, manifests, kind):
        [found] = [manifest for manifest in manifests if manifest["kind"] == kind]
        return found

    def workload(self, manifests):
        [found] = [m for m in manifests if m["kind"] in ("Deployment", "StatefulSet")]
        return found

    def container(self, manifests):
        [container] = self.workload(manifests)["spec"]["template"]["spec"]["containers"]
        return container

    def notes(self, *flags):
        """What `helm install` prints at the end; it asks no cluster."""
        out = run(self.helm, "install", "telnyx", CHART, "--namespace=monitoring",
                  "--dry-run=client", *flags).stdout
        return out.split("\nNOTES:\n")[1]

    def config(self, manifests):
        config = next(m for m in manifests if m["kind"] == "ConfigMap"
                      and "telnyx_exporter.yml" in m["data"])
        return config["data"]["telnyx_exporter.yml"]

    def test_there_are_eight_examples(self):
        self.assertGreaterEqual(len(EXAMPLES), 8)

    def test_each_example_is_linted(self):
        for values in EXAMPLES:
            lint = run(self.helm, "lint", "--strict", CHART, f"--values={values}", check=False)
            self.assertEqual(lint.returncode, 0, lint.stdout + lint.stderr)

    def test_each_example_is_valid(self):
        for values in EXAMPLES:
            manifests = self.template(f"--values={values}")
            path = self.write("manifests.json", json.dumps(manifests))
            checked = subprocess.run(["node", "validate.mjs", path], cwd=self.validator,
                                     capture_output=True, text=True, check=False)
            self.assertEqual((checked.stdout, checked.stderr), ("", ""), values)
            for manifest in manifests:
                self.assertEqual(manifest["metadata"]["namespace"], "monitoring", values)

    def test_each_examples_configuration_passes_the_exporters_check(self):
        for values in EXAMPLES:
            path = self.write("telnyx_exporter.yml",
                              self.config(self.template(f"--values={values}")))
            checked = subprocess.run([EXPORTER, "--config.check=syntax", f"--config.file={path}"],
                                     capture_output=True, text=True, check=False)
            self.assertEqual(checked.returncode, 0, values + checked.stderr)

    def test_wrong_values_are_refused(self):
        for wrong, said in (("replicaCount=-1", "/replicaCount"),
                            ("sharding.shards=0", "/sharding/shards"),
                            ("networkPolicy.scrapers={grafana}", "/networkPolicy/scrapers/0"),
                            ("image.digest=abc", "/image/digest"),
                            ("config.accounts=1", "/config/accounts"),
                            ("accounts=null", "missing property 'accounts'"),
                            ("replicas=3", "additional properties 'replicas'"),
                            ("accounts[0].name=main", "main needs existingSecret or apiKey")):
            refused = run(self.helm, "template", "t", CHART, f"--set={wrong}", check=False)
            self.assertNotEqual(refused.returncode, 0, wrong)
            self.assertIn(said, refused.stderr)

    def refusal(self, values):
        path = self.write("values.yaml", yaml.safe_dump(values))
        result = run(self.helm, "template", "telnyx", CHART, f"--values={path}", check=False)
        self.assertNotEqual(result.returncode, 0, result.stdout)
        return result.stderr

    def test_a_connections_id_that_helm_would_round_is_refused(self):
        account = {"existingSecret": "key", "connections": [{"id": 1293384261075731461}]}
        self.assertIn("/accounts/0/connections/0/id", self.refusal({"accounts": [account]}))
        account["connections"] = [{"id": "1293384261075731461"}]
        path = self.write("values.yaml", yaml.safe_dump({"accounts": [account]}))
        config = yaml.safe_load(self.config(self.template(f"--values={path}")))
        self.assertEqual(config["accounts"][0]["connections"][0]["id"], "1293384261075731461")

    def test_what_prometheus_would_refuse_of_an_alert_is_refused(self):
        def alerts(**settings):
            return {"prometheusRule": {"enabled": True, "alerts": {"TelnyxDataStale": settings}}}
        for settings in ({"for": ""}, {"for": "15"}, {"severity": ""}, {"keep_firing_for": "5"}):
            [key] = settings
            self.assertIn(f"/prometheusRule/alerts/TelnyxDataStale/{key}", self.refusal(alerts(**settings)))
        path = self.write("values.yaml", yaml.safe_dump(alerts(**{"for": "1h30m", "keep_firing_for": "", "severity": "page"})))
        groups = self.one(self.template(f"--values={path}"), "PrometheusRule")["spec"]["groups"]
        [rule] = [rule for group in groups for rule in group["rules"] if rule.get("alert") == "TelnyxDataStale"]
        self.assertEqual((rule["for"], rule["labels"]["severity"]), ("1h30m", "page"))
        self.assertNotIn("keep_firing_for", rule)

    def test_of_two_ways_to_give_a_key_the_empty_one_does_not_count(self):
        """Terraform and charts that have this one as a part write every key."""
        def sources(**account):
            path = self.write("values.yaml", yaml.safe_dump({"accounts": [{"name": "main", **account}]}))
            volumes = self.workload(self.template(f"--values={path}"))["spec"]["template"]["spec"]["volumes"]
            [keys] = [volume for volume in volumes if volume["name"] == "api-keys"]
            return [source["secret"]["name"] for source in keys["projected"]["sources"]]
        self.assertEqual(sources(existingSecret="telnyx", apiKey=""), ["telnyx"])
        self.assertEqual(sources(existingSecret="", apiKey="KEY"), sources(apiKey="KEY"))
        self.assertIn("/accounts/0", self.refusal({"accounts": [{"existingSecret": "telnyx", "apiKey": "KEY"}]}))
        self.assertIn("needs existingSecret or apiKey", self.refusal({"accounts": [{"existingSecret": "", "apiKey": ""}]}))

    def test_values_that_contradict_each_other_are_refused(self):
        twice = [{"name": "main", "existingSecret": "one"}, {"name": "main", "existingSecret": "two"}]
        self.assertIn("accounts: two are named main", self.refusal({"accounts": twice}))
        for web_config in ({"tls": True}, {"tls": True, "clientCertificate": True}):
            self.assertIn("webConfig.existingSecret", self.refusal({"webConfig": web_config}))
        self.assertIn("clientCertificate needs webConfig.tls", self.refusal(
            {"webConfig": {"existingSecret": "web", "clientCertificate": True}}))

    def test_any_releases_name_makes_valid_objects(self):
        for release, name in (("123", "telnyx-123"), ("on", "on"), ("my.app", "my-app"),
                              ("a" * 53, "a" * 52)):
            out = run(self.helm, "template", release, CHART, "--namespace=123",
                      "--set=serviceMonitor.enabled=true", "--set=prometheusRule.enabled=true",
                      "--set=accounts[0].name=on", "--set=accounts[0].apiKey=KEY",
                      "--set-string=image.tag=7").stdout
            manifests = [manifest for manifest in yaml.safe_load_all(out) if manifest]
            self.assertEqual(self.workload(manifests)["metadata"]["name"], name)
            path = self.write("manifests.json", json.dumps(manifests))
            checked = subprocess.run(["node", "validate.mjs", path], cwd=self.validator,
                                     capture_output=True, text=True, check=False)
            self.assertEqual((checked.stdout, checked.stderr), ("", ""), release)
            selector = self.one(manifests, "Service")["spec"]["selector"]
            self.assertEqual(selector["app.kubernetes.io/instance"], release)

    def test_no_replica_is_a_pause(self):
        manifests = self.template("--set=replicaCount=0")
        self.assertEqual(self.workload(manifests)["spec"]["replicas"], 0)
        config = yaml.safe_load(self.config(manifests))
        self.assertEqual(config["accounts"][0]["rate_limit"]["requests_per_second"], 10)

    def test_each_port_is_that_of_the_container(self):
        """The service is headless: its name resolves to pods, so another port of it would lead nowhere."""
        for values in EXAMPLES:
            manifests = self.template(f"--values={values}")
            [container_port] = self.container(manifests)["ports"]
            service = self.one(manifests, "Service")["spec"]
            self.assertEqual(service["clusterIP"], "None")
            self.assertEqual([(port["port"], port["targetPort"]) for port in service["ports"]],
                             [(container_port["containerPort"], container_port["name"])], values)
            ports = re.findall(r"(?:port |:|/\S+ )(\d{4,5})\b", self.notes(f"--values={values}"))
            self.assertEqual(set(ports), {str(container_port["containerPort"])}, values)
        self.assertIn("additional properties 'port'", self.refusal({"service": {"port": 9035}}))

    def test_the_accounts_rate_is_divided_once(self):
        def rates(*flags, example="default"):
            manifests = self.example(example, *flags)
            accounts = yaml.safe_load(self.config(manifests))["accounts"]
            return [(a["rate_limit"]["requests_per_second"], a["rate_limit"]["burst"])
                    for a in accounts]
        self.assertEqual(rates(), [(5, 10)])
        self.assertEqual(rates("--set=replicaCount=3"), [(10 / 3, 6)])
        self.assertEqual(rates("--set=replicaCount=50"), [(0.2, 1)])
        # The exporter divides these itself.
        self.assertEqual(rates(example="sharded"), [(100, 100)])
        self.assertEqual(rates(example="several-accounts"), [(10, 20), (5, 10)])
        strategy = self.workload(self.example("default"))["spec"]["strategy"]
        self.assertEqual(strategy["rollingUpdate"], {"maxSurge": 0, "maxUnavailable": 1})

    def test_each_pod_is_a_shard(self):
        manifests = self.example("sharded")
        spec = self.one(manifests, "StatefulSet")["spec"]
        self.assertEqual(spec["replicas"], 4)
        self.assertIn("--shard=auto", self.container(manifests)["args"])
        self.assertIn("--total-shards=4", self.container(manifests)["args"])
        self.assertEqual(spec["serviceName"],
                         self.one(manifests, "Service")["metadata"]["name"])

    def test_each_account_reads_its_own_key(self):
        manifests = self.example("several-accounts")
        accounts = yaml.safe_load(self.config(manifests))["accounts"]
        mounts = {m["name"]: m["mountPath"] for m in self.container(manifests)["volumeMounts"]}
        volumes = {v["name"]: v for v in
                   self.workload(manifests)["spec"]["template"]["spec"]["volumes"]}
        sources = [source["secret"] for source in volumes["api-keys"]["projected"]["sources"]]
        for account, source in zip(accounts, sources, strict=True):
            [item] = source["items"]
            self.assertEqual(account["api_key_file"], f"{mounts['api-keys']}/{item['path']}")
        self.assertEqual(sources[0]["name"], "telnyx-main")
        made = self.one(manifests, "Secret")
        self.assertEqual((sources[1]["name"], list(made["data"])),
                         (made["metadata"]["name"], ["second"]))
        self.assertNotIn("KEY_OF_A_TEST", self.config(manifests))
        # The exporter refuses a key that every user may write.
        self.assertEqual(volumes["api-keys"]["projected"]["defaultMode"] & 0o022, 0)

    def test_probes_fit_the_access_rules(self):
        plain = self.container(self.example("default"))
        self.assertEqual(plain["livenessProbe"]["httpGet"]["scheme"], "HTTP")
        self.assertNotIn("--web.probes-without-auth", plain["args"])
        rules = self.container(self.example("web-config"))
        for probe, path in (("livenessProbe", "/-/healthy"), ("readinessProbe", "/-/ready")):
            self.assertEqual(rules[probe]["httpGet"],
                             {"path": path, "port": "http", "scheme": "HTTPS"})
        self.assertIn("--web.probes-without-auth", rules["args"])
        certificates = self.container(self.example("client-certificates"))
        for probe in ("livenessProbe", "readinessProbe"):
            self.assertEqual(certificates[probe]["tcpSocket"], {"port": "http"})

    def test_the_exporter_takes_the_flags_of_every_example(self):
        simulator = self.start_simulator("--connections=60")
        for values in EXAMPLES:
            name = os.path.basename(values)
            container = self.container(self.template(f"--values={values}"))
            flags = [flag.replace("--shard=auto", "--shard=0") for flag in container["args"]
                     if not flag.startswith(("--config.file=", "--web.config.file="))]
            if "--web.probes-without-auth" in flags:
                # bcrypt of "password".
                rules = self.write("web.yml", "basic_auth_users: {u: "
                                   "$2y$04$IWQuEYXh5WVqoe3Wn8TQbOQz0Zf.NPjWQ0zPqLP1FZ9nPPyqmVAD6}\n")
                flags.append(f"--web.config.file={rules}")
            exporter = self.start_exporter(self.write_config(simulator.api, simulator.truth()),
                                           *flags, name=name)
            for path in ("/-/healthy", "/-/ready"):
                self.assertIn(fetch(exporter.url + path)[0], (200, 503), name)

    def test_scrapers_may_come_in(self):
        [scrapers, _] = self.one(self.example("other-scrapers"),
                                 "NetworkPolicy")["spec"]["ingress"]
        self.assertEqual([peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
                          for peer in scrapers["from"] if "podSelector" in peer],
                         ["alloy", "vmagent", "opentelemetry-collector"])
        self.assertIn({"ipBlock": {"cidr": "192.0.2.0/24"}}, scrapers["from"])

    def test_the_test_pod_runs_wherever_the_exporter_does(self):
        """Of everything that the values set for the exporter's pods, only what is about several pods is not for the test."""
        for values in EXAMPLES:
            manifests = self.template(f"--values={values}", "--set=tests.enabled=true",
                                      "--set=webConfig.clientCertificate=false")
            test = self.one(manifests, "Pod")["spec"]
            exporter = self.workload(manifests)["spec"]["template"]["spec"]
            wanted = {key: value for key, value in exporter.items() if key not in
                      ("containers", "volumes", "topologySpreadConstraints", "terminationGracePeriodSeconds")}
            if "affinity" in wanted:
                wanted["affinity"] = {"nodeAffinity": wanted["affinity"]["nodeAffinity"]}
            self.assertEqual({key: value for key, value in test.items()
                              if key not in ("containers", "volumes", "restartPolicy", "activeDeadlineSeconds")}, wanted,
                             values)
            [container], [asked] = test["containers"], exporter["containers"]
            for key in ("image", "imagePullPolicy", "resources", "securityContext"):
                self.assertEqual(container[key], asked[key], values)
            # The web configuration may name files in further volumes.
            own = ("config", "api-keys")
            self.assertEqual(container.get("volumeMounts", []),
                             [mount for mount in asked["volumeMounts"] if mount["name"] not in own])
            self.assertEqual(test.get("volumes", []),
                             [volume for volume in exporter["volumes"] if volume["name"] not in own])

    def test_the_test_pod_waits_until_the_exporter_is_ready(self):
        """`helm test` follows `helm install` at once, and waits five minutes for the pod."""
        test = self.one(self.example("default"), "Pod")["spec"]
        self.assertEqual(test["restartPolicy"], "OnFailure")
        self.assertLess(test["activeDeadlineSeconds"], 300)

    def test_the_test_pod_avoids_no_exporter(self):
        apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname",
             "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "telnyx-exporter"}}}]}}
        path = self.write("values.yaml", yaml.safe_dump({"affinity": apart}))
        manifests = self.template(f"--values={path}")
        self.assertEqual(self.workload(manifests)["spec"]["template"]["spec"]["affinity"], apart)
        self.assertNotIn("affinity", self.one(manifests, "Pod")["spec"])

    def test_the_operator_finds_what_it_needs(self):
        manifests = self.example("prometheus-operator")
        monitor = self.one(manifests, "ServiceMonitor")
        self.assertEqual(monitor["metadata"]["labels"]["release"], "kube-prometheus-stack")
        service = self.one(manifests, "Service")
        for label, value in monitor["spec"]["selector"]["matchLabels"].items():
            self.assertEqual(service["metadata"]["labels"][label], value)
        endpoint = self.one(self.example("web-config"), "ServiceMonitor")["spec"]["endpoints"][0]
        self.assertEqual((endpoint["scheme"], endpoint["tlsConfig"]["serverName"]),
                         ("https", "telnyx-exporter"))
        self.assertEqual(endpoint["basicAuth"]["username"]["name"], "telnyx-scrape")

    def test_a_scrapes_times_are_prometheus_own_where_they_are_empty(self):
        def times(*flags):
            endpoint, = self.one(self.template("--set=serviceMonitor.enabled=true", *flags), "ServiceMonitor")["spec"]["endpoints"]
            return {key: endpoint[key] for key in ("interval", "scrapeTimeout") if key in endpoint}
        # A longer timeout than the interval is refused, so a shorter interval must not need another timeout.
        self.assertEqual(times(), {"interval": "15s"})
        self.assertEqual(times("--set=serviceMonitor.interval="), {})
        self.assertEqual(times("--set=serviceMonitor.interval=1m", "--set=serviceMonitor.scrapeTimeout=20s"),
                         {"interval": "1m", "scrapeTimeout": "20s"})

    def test_each_release_needs_a_namespace_of_its_own(self):
        """Both releases have the job that the rules look for, so only the namespace tells them apart. The documents say so."""
        monitors = [self.one(self.template("--set=serviceMonitor.enabled=true", f"--set=fullnameOverride={name}"),
                             "ServiceMonitor")["spec"] for name in ("voice", "fax")]
        self.assertEqual({monitor["jobLabel"] for monitor in monitors}, {"app.kubernetes.io/name"})
        for path in (os.path.join(CHART, "README.md"), os.path.join(ROOT, "docs", "install.md")):
            self.assertIn("two releases in one namespace count as replicas of each other", " ".join(read(path).split()))

    def test_the_default_rules_are_the_rule_file(self):
        rendered = self.one(self.template("--set=prometheusRule.enabled=true"), "PrometheusRule")
        self.assertEqual(rendered["spec"], yaml.safe_load(read(RULES)))

    def test_thresholds_are_values(self):
        rule = self.one(self.example("prometheus-operator"), "PrometheusRule")
        text = json.dumps(rule)
        self.assertIn("0.7", text)
        self.assertNotIn("TelnyxTrafficSurge", [r.get("alert") for group in rule["spec"]["groups"]
                                                for r in group["rules"]])
        self.assertIn("connection_id, team)", text)

    def test_alerts_have_links_where_grafana_is_known(self):
        def links(*flags):
            groups = self.one(self.template("--set=prometheusRule.enabled=true", *flags), "PrometheusRule")["spec"]["groups"]
            return {rule["annotations"].get("dashboard_url", "").partition("/d/")[0]
                    for group in groups for rule in group["rules"] if "alert" in rule}
        self.assertEqual(links(), {""})
        self.assertEqual(links("--set=prometheusRule.dashboard_url=https://grafana.example"), {"https://grafana.example"})

    def test_dashboards_are_the_committed_ones(self):
        manifests = self.example("prometheus-operator")
        shown = {name: text for m in manifests if m["kind"] == "ConfigMap"
                 for name, text in m["data"].items() if name.endswith(".json")}
        dashboards = os.path.join(ROOT, "deploy", "grafana", "dashboards")
        self.assertEqual(shown, {name: read(os.path.join(dashboards, name))
                                 for name in os.listdir(dashboards)})
        for m in manifests:
            if m["kind"] == "ConfigMap" and any(n.endswith(".json") for n in m["data"]):
                self.assertEqual(m["metadata"]["labels"]["grafana_dashboard"], "1")
                # A ConfigMap holds 1 MiB.
                self.assertLess(len(json.dumps(m)), 1 << 20)

    def image(self, *flags):
        return self.container(self.template(*flags))["image"]

    def test_the_default_image_is_what_a_release_pushes(self):
        """Runs the last step of the workflow, with a skopeo that writes down what it is asked for."""
        workflow = yaml.safe_load(read(os.path.join(ROOT, ".github", "workflows", "release.yml")))
        publish = workflow["jobs"]["publish"]
        self.assertEqual(publish["permissions"], {"contents": "write", "packages": "write"})
        self.assertEqual(set(publish["needs"]), set(workflow["jobs"]) - {"publish"})
        version = read(os.path.join(ROOT, "VERSION")).strip()
        calls = os.path.join(self.directory, "calls")
        self.write("skopeo", f'#!/bin/sh\n[ "$1" != login ] || cat >{self.directory}/password\necho "$@" >>{calls}\n')
        os.chmod(os.path.join(self.directory, "skopeo"), 0o755)
        subprocess.run(["bash", "-eo", "pipefail", "-c", publish["steps"][-1]["run"]], check=True, cwd=ROOT, env={
            "PATH": f"{self.directory}:{os.environ['PATH']}", "USERNAME": "actor", "TOKEN": "secret",
            "GITHUB_REPOSITORY_OWNER": "Telnyx-Exporter"})
        login, *copies = read(calls).splitlines()
        self.assertEqual(login, "login --username actor --password-stdin ghcr.io")
        self.assertEqual(read(os.path.join(self.directory, "password")), "secret")
        self.assertEqual(copies, [
            f"copy --all oci-archive:dist/{program}-{version}-image.oci.tar "
            f"docker://ghcr.io/telnyx-exporter/{program}:{version}"
            for program in ("telnyx_exporter", "telnyx_simulator")])
        self.assertEqual(self.image(), copies[0].split("docker://")[1])

    def test_the_quick_start_uses_the_image_that_it_pushes(self):
        version = read(os.path.join(ROOT, "VERSION")).strip()
        for file in (os.path.join(CHART, "README.md"), os.path.join(ROOT, "docs", "install.md")):
            with self.subTest(file):
                text = read(file)
                [pushed] = re.findall("^skopeo copy --all oci-archive:telnyx_exporter-VERSION-image.oci.tar "
                                      r"docker://(\S+):VERSION$", text, re.MULTILINE)
                [flag] = re.findall(r"^helm install -n telnyx telnyx \S+ (--set \S+)$", text, re.MULTILINE)
                self.assertEqual(self.image(*flag.split()), f"{pushed}:{version}")
        notes = self.notes()
        self.assertIn(f"docker://REGISTRY/telnyx_exporter:{version}", notes)
        self.assertIn("--set image.repository=REGISTRY/telnyx_exporter", notes)
        self.assertNotIn("REGISTRY", self.notes("--set=image.repository=images.example/telnyx_exporter"))

    def test_a_package_has_all_of_it(self):
        package = run(self.helm, "package", CHART, f"--destination={self.directory}").stdout
        path = package.strip().rsplit(" ", 1)[-1]
        out = run(self.helm, "template", "telnyx", path, "--set=dashboards.enabled=true").stdout
        self.assertIn("calls_overview.json", out)

    def test_the_readme_is_made_from_the_values(self):
        run(sys.executable, os.path.join(HELM_DIR, "make_readme.py"), "--check")

    def test_the_example_for_argo_cd_renders(self):
        application = yaml.safe_load(read(os.path.join(HELM_DIR, "argocd-application.yaml")))
        source = application["spec"]["source"]
        self.assertTrue(os.path.samefile(os.path.join(ROOT, source["path"]), CHART))
        values = self.write("values.yaml", yaml.safe_dump(source["helm"]["valuesObject"]))
        kinds = {m["kind"] for m in self.template(f"--values={values}")}
        self.assertLessEqual({"ServiceMonitor", "PrometheusRule", "Deployment"}, kinds)


if __name__ == "__main__":
    unittest.main()
