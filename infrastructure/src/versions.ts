/**
 * Every version of what others make and a cluster needs: Kubernetes, modules, providers, operators' charts, images.
 *
 * The providers `kubernetes` and `helm` are pinned by their bindings in package.json; images of our charts by the charts.
 */

/** A chart of a public repository. */
export interface PinnedChart {
  readonly repository: string;
  readonly chart: string;
  readonly version: string;
}

/** A Terraform module of the public registry. */
export interface PinnedModule {
  readonly source: string;
  readonly version: string;
}

/** A Terraform provider that has no bindings here: only modules use it. */
export interface PinnedProvider {
  readonly source: string;
  readonly version: string;
}

/** Of the control plane and the nodes, on EKS, GKE and kind alike. */
export const kubernetesVersion = '1.34';

/** Of Terraform: the first with write-only attributes and with locks by a file in S3. */
export const terraformVersion = '>= 1.11.0';

export const modules = {
  vpc: { source: 'terraform-aws-modules/vpc/aws', version: '6.6.0' },
  eks: { source: 'terraform-aws-modules/eks/aws', version: '21.19.0' },
  eksPodIdentity: { source: 'terraform-aws-modules/eks-pod-identity/aws', version: '2.8.1' },
  googleNetwork: { source: 'terraform-google-modules/network/google', version: '18.1.0' },
  googleNat: { source: 'terraform-google-modules/cloud-nat/google', version: '7.0.0' },
  googleRights: { source: 'terraform-google-modules/iam/google//modules/projects_iam', version: '8.2.0' },
  gke: { source: 'terraform-google-modules/kubernetes-engine/google//modules/private-cluster', version: '44.2.0' },
} as const satisfies Readonly<Record<string, PinnedModule>>;

export const providers = {
  aws: { source: 'hashicorp/aws', version: '6.28.0' },
  google: { source: 'hashicorp/google', version: '7.17.0' },
} as const satisfies Readonly<Record<string, PinnedProvider>>;

export const operatorCharts = {
  'cert-manager': { repository: 'oci://quay.io/jetstack/charts', chart: 'cert-manager', version: 'v1.21.1' },
  'external-secrets': { repository: 'https://charts.external-secrets.io', chart: 'external-secrets', version: '2.9.0' },
  /** Operator 0.93.0. */
  'kube-prometheus-stack': {
    repository: 'https://prometheus-community.github.io/helm-charts',
    chart: 'kube-prometheus-stack',
    version: '88.3.0',
  },
  keda: { repository: 'https://kedacore.github.io/charts', chart: 'keda', version: '2.20.2' },
  strimzi: { repository: 'oci://quay.io/strimzi-helm', chart: 'strimzi-kafka-operator', version: '1.2.0' },
  /** Operator 1.31.0. */
  'cass-operator': { repository: 'https://helm.k8ssandra.io/stable', chart: 'cass-operator', version: '0.65.0' },
} as const satisfies Readonly<Record<string, PinnedChart>>;

export const images = {
  /** Of each kind node; infrastructure/kind/cluster.yaml names it too, and a test holds them equal. */
  kindNode: 'kindest/node:v1.34.0',
} as const;
