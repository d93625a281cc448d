/**
 * This file is the one door to the Kubernetes API: it reads and replaces one Lease, and nothing else.
 *
 * The Lease must exist (the chart brings it), so that the ingester needs no right to create any.
 */
import { existsSync } from 'node:fs';
import {
  ApiException,
  CoordinationV1Api,
  KubeConfig,
  Observable,
  type V1Lease,
  type V1LeaseSpec,
  V1MicroTime,
} from '@kubernetes/client-node';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { Lease, LeaseStore } from './lease.ts';

/** Where a pod finds its service account. */
const podToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export interface KubernetesLeaseOptions {
  readonly name: string;
  readonly namespace: string;
  /** File that says where the API server is and who we are. @default the pod's service account */
  readonly kubeconfig?: string | undefined;
}

/** @throws PipelineError `configuration.invalid` when there is neither a kubeconfig nor a service account */
export function kubernetesLease(options: KubernetesLeaseOptions): LeaseStore {
  const config = new KubeConfig();
  try {
    if (options.kubeconfig !== undefined) config.loadFromFile(options.kubeconfig);
    else config.loadFromCluster();
  } catch (cause) {
    const message = `KUBECONFIG must be a file that can be read, was "${options.kubeconfig}" (${reasonOf(cause)}): correct its path or content`;
    throw new PipelineError('configuration.invalid', message, { retriable: false, cause });
  }
  if (options.kubeconfig === undefined && !existsSync(podToken)) {
    const message = `INGESTER_LEASE needs the API server and this is not a pod with a service account (${podToken} is absent): set KUBECONFIG`;
    throw new PipelineError('configuration.invalid', message, { retriable: false });
  }
  return new KubernetesLease(config.makeApiClient(CoordinationV1Api), options);
}

type RequestOptions = NonNullable<Parameters<CoordinationV1Api['readNamespacedLease']>[1]>;
type RequestContext = Parameters<NonNullable<RequestOptions['middleware']>[number]['pre']>[0];
type ResponseContext = Parameters<NonNullable<RequestOptions['middleware']>[number]['post']>[0];
type Dispatcher = ReturnType<RequestContext['getDispatcher']>;

class KubernetesLease implements LeaseStore {
  readonly #api: CoordinationV1Api;
  readonly #name: string;
  readonly #namespace: string;
  /** Labels and annotations as last seen: a replacement must bring them along. */
  #metadata: V1Lease['metadata'];
  #dispatcher: Dispatcher;

  constructor(api: CoordinationV1Api, { name, namespace }: KubernetesLeaseOptions) {
    this.#api = api;
    this.#name = name;
    this.#namespace = namespace;
  }

  async read(signal: AbortSignal): Promise<Lease> {
    const target = { name: this.#name, namespace: this.#namespace };
    const answer = await this.#ask(options => this.#api.readNamespacedLease(target, options), signal);
    return this.#taken(answer);
  }

  async write(lease: Lease, signal: AbortSignal): Promise<Lease | 'conflict'> {
    const metadata = { ...this.#metadata, name: this.#name, namespace: this.#namespace, resourceVersion: lease.resourceVersion };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: specOf(lease) };
    const target = { name: this.#name, namespace: this.#namespace, body };
    try {
      return this.#taken(await this.#ask(options => this.#api.replaceNamespacedLease(target, options), signal));
    } catch (error) {
      if (error instanceof PipelineError && error.fields.status === 409) return 'conflict';
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#forgetConnections();
  }

  #taken(answer: V1Lease): Lease {
    this.#metadata = answer.metadata;
    return leaseOf(answer);
  }

  async #ask<T>(request: (options: RequestOptions) => Promise<T>, signal: AbortSignal): Promise<T> {
    const pre = (context: RequestContext) => {
      context.setSignal(signal);
      // The client makes a dispatcher for each request, and so a TLS handshake: one is kept here while it works.
      this.#dispatcher ??= context.getDispatcher();
      if (this.#dispatcher !== undefined) context.setDispatcher(this.#dispatcher);
      return new Observable(Promise.resolve(context));
    };
    try {
      return await request({ middleware: [{ pre, post: unchanged }], middlewareMergeStrategy: 'append' });
    } catch (error) {
      if (error instanceof ApiException) throw this.#refusal(error);
      // Its certificates may have been exchanged meanwhile: the next request reads them anew.
      void this.#forgetConnections();
      throw new PipelineError('lease.unavailable', `the API server cannot be reached: ${causeOf(error)}`, {
        retriable: true,
        cause: error,
      });
    }
  }

  async #forgetConnections(): Promise<void> {
    const dispatcher = this.#dispatcher;
    this.#dispatcher = undefined;
    await dispatcher?.destroy().catch(() => undefined);
  }

  #refusal(error: ApiException<unknown>): PipelineError {
    const { code: status } = error;
    const lease = `Lease ${this.#namespace}/${this.#name}`;
    const fields = { status };
    const options = { retriable: false, fields };
    if (status === 404)
      return new PipelineError('lease.refused', `${lease} does not exist: install the ingester's chart, which brings it`, options);
    if (status === 401)
      return new PipelineError('lease.refused', `the API server does not recognise us: correct the service account or KUBECONFIG`, options);
    if (status === 403)
      return new PipelineError('lease.refused', `${lease} is forbidden: allow get and update on it to our service account`, options);
    return new PipelineError('lease.unavailable', `the API server answered ${status} for ${lease}`, { retriable: true, fields });
  }
}

function unchanged(context: ResponseContext): Observable<ResponseContext> {
  return new Observable(Promise.resolve(context));
}

function leaseOf({ metadata, spec }: V1Lease): Lease {
  const seconds = spec?.leaseDurationSeconds;
  return {
    holder: spec?.holderIdentity === '' ? undefined : spec?.holderIdentity,
    durationMs: seconds === undefined ? undefined : seconds * 1_000,
    acquireTimeMs: msOf(spec?.acquireTime),
    renewTimeMs: msOf(spec?.renewTime),
    transitions: spec?.leaseTransitions ?? 0,
    resourceVersion: metadata?.resourceVersion,
  };
}

/** The client says that it is a date and gives the text. */
function msOf(time: Date | string | undefined): number | undefined {
  return time === undefined ? undefined : new Date(time).getTime();
}

function specOf({ holder, durationMs, acquireTimeMs, renewTimeMs, transitions }: Lease): V1LeaseSpec {
  return {
    ...(holder === undefined ? {} : { holderIdentity: holder }),
    ...(durationMs === undefined ? {} : { leaseDurationSeconds: Math.ceil(durationMs / 1_000) }),
    ...(acquireTimeMs === undefined ? {} : { acquireTime: new V1MicroTime(acquireTimeMs) }),
    ...(renewTimeMs === undefined ? {} : { renewTime: new V1MicroTime(renewTimeMs) }),
    leaseTransitions: transitions,
  };
}

/** `fetch failed` says nothing; its cause does. */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : reasonOf(error);
}
