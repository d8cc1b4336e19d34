// Validates manifests against the types of Kubernetes and the operator: node validate.mjs FILE, a JSON list of manifests.
// Prints what is wrong, one a line.

import {readFileSync} from 'node:fs';

import {PrometheusRule} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import {ServiceMonitor} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import {Deployment} from 'kubernetes-models/apps/v1/Deployment';
import {StatefulSet} from 'kubernetes-models/apps/v1/StatefulSet';
import {NetworkPolicy} from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import {PodDisruptionBudget} from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import {ConfigMap} from 'kubernetes-models/v1/ConfigMap';
import {Pod} from 'kubernetes-models/v1/Pod';
import {Secret} from 'kubernetes-models/v1/Secret';
import {Service} from 'kubernetes-models/v1/Service';
import {ServiceAccount} from 'kubernetes-models/v1/ServiceAccount';

const KINDS = {
  ConfigMap, Deployment, NetworkPolicy, Pod, PodDisruptionBudget, PrometheusRule, Secret, Service,
  ServiceAccount, ServiceMonitor, StatefulSet,
};

for (const manifest of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  try {
    const Kind = KINDS[manifest.kind];
    if (!Kind) throw new Error('is of an unknown kind');
    const read = new Kind(manifest);
    if (read.apiVersion !== manifest.apiVersion) throw new Error(`is not ${read.apiVersion}`);
    read.validate();
  } catch (error) {
    process.exitCode = 1;
    console.log(`${manifest.kind} ${manifest.metadata?.name}: ${error.message}`);
  }
}
