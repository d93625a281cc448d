/** The addresses that a pod is configured with: what it will connect to. */
import { containersOf, type PodView } from './kubernetes-objects.ts';

export interface Upstream {
  /** As it stands in the configuration. */
  readonly text: string;
  readonly port: number;
  /** Of the pods behind the address; undefined outside the cluster. */
  readonly namespace: string | undefined;
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, ws: 80, https: 443, wss: 443 };
const address = /(?:([a-z]+):\/\/)?([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*)(?::(\d{2,5}))?(?=[/?,;'"\s]|$)/g;
const ownHosts = /^(localhost|127\.|0\.0\.0\.0)/;
const ourNamespaces = /^tapeline(-[a-z]+)?$/;

/** Where a process with its key has no other address of a feed: its stream, or its REST API. */
const vendor: Upstream = { text: 'the vendor', port: 443, namespace: undefined };

/** Where a process with a bucket has no address of a store. */
const amazon: Upstream = { text: 'the object store', port: 443, namespace: undefined };

/** Addresses in variables and arguments that have a port, or a scheme that implies one. */
export function upstreamsOf(pod: PodView, ownNamespace: string): readonly Upstream[] {
  const containers = containersOf(pod);
  const texts = containers.flatMap(({ env = [], args = [], command = [] }) => [
    ...env.flatMap(({ value }) => value ?? []),
    ...args,
    ...command,
  ]);
  const names = new Set(containers.flatMap(({ env = [] }) => env.map(({ name }) => name)));
  const peers = containers.flatMap(({ env = [] }) => env.filter(({ name }) => name === 'PROCESSOR_PEER_PORT'));
  const found = [
    ...texts.flatMap(text => addressesIn(text, ownNamespace)),
    ...peers.map(({ value }) => ({ text: 'its peers', port: Number(value), namespace: ownNamespace })),
  ];
  const ofVendor = names.has('TWELVE_DATA_API_KEY_FILE') && !names.has('TWELVE_DATA_URL') ? [vendor] : [];
  const ofStore = names.has('EXPORT_BUCKET') && !names.has('EXPORT_ENDPOINT') ? [amazon] : [];
  return [...found, ...ofVendor, ...ofStore];
}

function addressesIn(text: string, ownNamespace: string): readonly Upstream[] {
  return [...text.matchAll(address)].flatMap(([whole, scheme, host = '', port]) => {
    const number = port === undefined ? defaultPorts[scheme ?? ''] : Number(port);
    if (number === undefined || ownHosts.test(host) || /^\d+$/.test(host)) return [];
    return [{ text: whole, port: number, namespace: namespaceOf(host, ownNamespace) }];
  });
}

/** `name` is beside us, `name.namespace` in one of ours, `name.namespace.svc…` in any. */
function namespaceOf(host: string, ownNamespace: string): string | undefined {
  const [, second, third] = host.split('.');
  if (second === undefined) return ownNamespace;
  return third === 'svc' || ourNamespaces.test(second) ? second : undefined;
}
