/** This file holds the names that charts, stacks and people share inside a cluster. */

export const namespaces = {
  /** Our processes, Kafdrop, Grafana. */
  pipeline: 'tapeline',
  /** Kafka and Cassandra. */
  data: 'tapeline-data',
  /** Operators and monitoring. */
  platform: 'tapeline-platform',
} as const;

/** Labels of everything that Terraform makes here by itself; charts label their own objects. */
export function standardLabels(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'tapeline', 'app.kubernetes.io/managed-by': 'terraform' };
}

/** Storage class of the clouds whose disks outlive everything. */
export const retainedStorageClass = 'tapeline-retained';
