/** This file makes a cluster on Google Cloud: a network with a gateway, a private GKE over three zones, and rights to read secrets. */
import { PipelineError } from '@tapeline/core/errors';
import { TerraformHclModule } from 'cdktf';
import { Construct } from 'constructs';
import type { GoogleCloud } from '../environments.ts';
import { namespaces } from '../names.ts';
import { kubernetesVersion, modules, providers } from '../versions.ts';
import { CloudProvider } from './cloud-provider.ts';
import type { ClusterEndpoint } from './cluster-access.ts';

export interface GkeClusterProps {
  readonly name: string;
  readonly cloud: GoogleCloud;
}

const podRange = 'pods';
const serviceRange = 'services';

/** Nodes have no addresses outside and reach out through Cloud NAT; NetworkPolicies are enforced by Dataplane V2. */
export class GkeCluster extends Construct {
  readonly endpoint: ClusterEndpoint;

  constructor(scope: Construct, id: string, props: GkeClusterProps) {
    super(scope, id);
    const { name, cloud } = props;
    if (cloud.nodes.min < 1 || cloud.nodes.max < cloud.nodes.min) {
      const message = `GkeCluster ${name}: nodes of a zone must be at least 1 and max no less than min, were ${cloud.nodes.min} to ${cloud.nodes.max}`;
      throw new PipelineError('configuration.invalid', message, { retriable: false });
    }
    new CloudProvider(this, 'google', { provider: providers.google, attributes: { project: cloud.project, region: cloud.region } });
    const network = this.#network(props);
    const cluster = this.#cluster(props, network);
    this.#secretRights(cloud, cluster);
    this.endpoint = {
      host: `https://${cluster.getString('endpoint')}`,
      certificate: cluster.getString('ca_certificate'),
      tokenCommand: ['gke-gcloud-auth-plugin'],
    };
  }

  #network({ name, cloud }: GkeClusterProps): TerraformHclModule {
    const network = new TerraformHclModule(this, 'network', {
      ...modules.googleNetwork,
      variables: {
        project_id: cloud.project,
        network_name: name,
        subnets: [{ subnet_name: name, subnet_ip: cloud.networkCidr, subnet_region: cloud.region, subnet_private_access: 'true' }],
        secondary_ranges: {
          [name]: [
            { range_name: podRange, ip_cidr_range: cloud.podCidr },
            { range_name: serviceRange, ip_cidr_range: cloud.serviceCidr },
          ],
        },
      },
    });
    new TerraformHclModule(this, 'gateway', {
      ...modules.googleNat,
      variables: {
        project_id: cloud.project,
        region: cloud.region,
        name: `${name}-nat`,
        network: network.getString('network_name'),
        router: `${name}-router`,
        create_router: true,
      },
    });
    return network;
  }

  #cluster({ name, cloud }: GkeClusterProps, network: TerraformHclModule): TerraformHclModule {
    const pool = { name: 'pipeline', machine_type: cloud.machineType, min_count: cloud.nodes.min, max_count: cloud.nodes.max };
    return new TerraformHclModule(this, 'cluster', {
      ...modules.gke,
      variables: {
        project_id: cloud.project,
        name,
        regional: true,
        region: cloud.region,
        zones: cloud.zones,
        network: network.getString('network_name'),
        // The name is known here; taking it from the network's outputs is what makes the cluster wait for the subnet.
        subnetwork: `\${${network.fqn}.subnets_names[0]}`,
        ip_range_pods: podRange,
        ip_range_services: serviceRange,
        kubernetes_version: kubernetesVersion,
        release_channel: 'REGULAR',
        datapath_provider: 'ADVANCED_DATAPATH',
        enable_private_nodes: true,
        master_authorized_networks: cloud.operatorCidrs.map((cidr, index) => ({
          cidr_block: cidr,
          display_name: `operators-${index + 1}`,
        })),
        create_service_account: true,
        grant_registry_access: true,
        remove_default_node_pool: true,
        node_pools: [{ ...pool, disk_type: 'pd-balanced', disk_size_gb: 100, auto_repair: true, auto_upgrade: true }],
        deletion_protection: true,
      },
    });
  }

  /** The operator's own account of Kubernetes is the member: no key exists that could leak. */
  #secretRights({ project }: GoogleCloud, cluster: TerraformHclModule): void {
    const account = `serviceAccount:${project}.svc.id.goog[${namespaces.platform}/external-secrets]`;
    new TerraformHclModule(this, 'secret-rights', {
      ...modules.googleRights,
      variables: {
        projects: [project],
        mode: 'additive',
        bindings: { 'roles/secretmanager.secretAccessor': [account] },
      },
      dependsOn: [cluster],
    });
  }
}
