/** This file makes a cluster on AWS: a network over three zones, EKS, its nodes, and rights for disks and secrets. */
import { PipelineError } from '@tapeline/core/errors';
import { Fn, type ITerraformDependable, TerraformHclModule } from 'cdktf';
import { Construct } from 'constructs';
import type { AwsCloud } from '../environments.ts';
import { namespaces } from '../names.ts';
import { kubernetesVersion, modules, providers } from '../versions.ts';
import { CloudProvider } from './cloud-provider.ts';
import type { ClusterEndpoint } from './cluster-access.ts';

export interface EksClusterProps {
  readonly name: string;
  readonly cloud: AwsCloud;
}

const tags = { Project: 'tapeline', ManagedBy: 'terraform' };

/** Nodes live in private subnets and reach out through one gateway a zone; NetworkPolicies are enforced by the VPC CNI. */
export class EksCluster extends Construct {
  readonly endpoint: ClusterEndpoint;

  constructor(scope: Construct, id: string, props: EksClusterProps) {
    super(scope, id);
    const { name, cloud } = props;
    if (cloud.nodes.min < cloud.zones.length || cloud.nodes.max < cloud.nodes.min) {
      const message = `EksCluster ${name}: nodes must be at least one a zone and max no less than min, were ${cloud.nodes.min} to ${cloud.nodes.max}`;
      throw new PipelineError('configuration.invalid', message, { retriable: false });
    }
    new CloudProvider(this, 'aws', { provider: providers.aws, attributes: { region: cloud.region } });
    const network = this.#network(name, cloud);
    const disks = this.#rights('disk-rights', { name: `${name}-disks`, attach_aws_ebs_csi_policy: true });
    const cluster = this.#cluster(props, network, disks);
    this.#rights(
      'secret-rights',
      {
        name: `${name}-secrets`,
        attach_external_secrets_policy: true,
        external_secrets_secrets_manager_arns: [`arn:aws:secretsmanager:${cloud.region}:*:secret:tapeline/*`],
        associations: {
          operator: {
            cluster_name: cluster.getString('cluster_name'),
            namespace: namespaces.platform,
            service_account: 'external-secrets',
          },
        },
      },
      [cluster],
    );
    this.endpoint = {
      host: cluster.getString('cluster_endpoint'),
      certificate: cluster.getString('cluster_certificate_authority_data'),
      tokenCommand: ['aws', 'eks', 'get-token', '--cluster-name', cluster.getString('cluster_name'), '--region', cloud.region],
    };
  }

  #network(name: string, { networkCidr, zones }: AwsCloud): TerraformHclModule {
    const subnet = (number: number) => Fn.cidrsubnet(networkCidr, 4, number);
    return new TerraformHclModule(this, 'network', {
      ...modules.vpc,
      variables: {
        name,
        cidr: networkCidr,
        azs: zones,
        private_subnets: zones.map((_, index) => subnet(index)),
        public_subnets: zones.map((_, index) => subnet(index + 8)),
        enable_nat_gateway: true,
        one_nat_gateway_per_az: true,
        public_subnet_tags: { 'kubernetes.io/role/elb': '1' },
        private_subnet_tags: { 'kubernetes.io/role/internal-elb': '1' },
        tags,
      },
    });
  }

  #cluster({ name, cloud }: EksClusterProps, network: TerraformHclModule, disks: TerraformHclModule): TerraformHclModule {
    const addon = (more: object) => ({ most_recent: false, ...more });
    return new TerraformHclModule(this, 'cluster', {
      ...modules.eks,
      variables: {
        name,
        kubernetes_version: kubernetesVersion,
        vpc_id: network.getString('vpc_id'),
        subnet_ids: network.get('private_subnets'),
        endpoint_public_access: true,
        endpoint_public_access_cidrs: cloud.operatorCidrs,
        enable_cluster_creator_admin_permissions: true,
        deletion_protection: true,
        enabled_log_types: ['api', 'audit', 'authenticator'],
        addons: {
          coredns: addon({}),
          'kube-proxy': addon({}),
          'vpc-cni': addon({ before_compute: true, configuration_values: JSON.stringify({ enableNetworkPolicy: 'true' }) }),
          'eks-pod-identity-agent': addon({ before_compute: true }),
          'aws-ebs-csi-driver': addon({
            pod_identity_association: [{ role_arn: disks.getString('iam_role_arn'), service_account: 'ebs-csi-controller-sa' }],
          }),
        },
        eks_managed_node_groups: {
          pipeline: {
            ami_type: 'AL2023_x86_64_STANDARD',
            instance_types: [cloud.machineType],
            min_size: cloud.nodes.min,
            max_size: cloud.nodes.max,
            desired_size: cloud.nodes.min,
          },
        },
        tags,
      },
    });
  }

  #rights(id: string, variables: Readonly<Record<string, unknown>>, dependsOn: ITerraformDependable[] = []): TerraformHclModule {
    return new TerraformHclModule(this, id, { ...modules.eksPodIdentity, variables: { ...variables, tags }, dependsOn });
  }
}
