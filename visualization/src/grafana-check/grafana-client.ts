/** As much of Grafana's HTTP interface as a check of its dashboards needs. Source: Grafana's documentation, "HTTP API". */
import { PipelineError, reasonOf, usageError } from '@tapeline/core/errors';
import type { DashboardJson } from './dashboard-json.ts';
import type { TimeRange } from './interpolation.ts';

export interface GrafanaAccess {
  /** As `https://grafana.example.com`, with or without a path below which it lives. */
  readonly url: string;
  /** Of a service account. In its place `user` and `password`. */
  readonly token?: string;
  readonly user?: string;
  readonly password?: string;
}

/** What a query gave: its frames, or what Grafana says is wrong. */
export interface QueryAnswer {
  readonly frames: readonly AnsweredFrame[];
  readonly fault?: string;
}

export interface AnsweredFrame {
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly type: string }[];
  readonly rows: number;
}

interface WireFrame {
  readonly schema?: { readonly name?: string; readonly fields?: readonly { readonly name: string; readonly type?: string }[] };
  readonly data?: { readonly values?: readonly (readonly unknown[])[] };
}

const timeoutMs = 30_000;

export class GrafanaClient {
  readonly url: string;
  /** Headers of every request, for a browser too. */
  readonly headers: Readonly<Record<string, string>>;

  constructor({ url, token, user, password }: GrafanaAccess) {
    this.url = url.replace(/\/+$/, '');
    const basic = () => `Basic ${Buffer.from(`${user ?? ''}:${password ?? ''}`).toString('base64')}`;
    this.headers = { authorization: token === undefined ? basic() : `Bearer ${token}` };
  }

  /** The dashboards of a tag, by title. @throws PipelineError `services.unavailable`, `usage` when Grafana refuses who asks */
  async dashboards(tag: string): Promise<readonly DashboardJson[]> {
    const found = (await this.#get(`/api/search?type=dash-db&tag=${encodeURIComponent(tag)}`)) as readonly { readonly uid: string }[];
    const answers = await Promise.all(found.map(({ uid }) => this.#get(`/api/dashboards/uid/${encodeURIComponent(uid)}`)));
    return answers
      .map(answer => (answer as { readonly dashboard: DashboardJson }).dashboard)
      .sort((a, b) => a.title.localeCompare(b.title));
  }

  /** Values of a variable's query, as the Cassandra plug-in answers it. @throws PipelineError as `dashboards` */
  async variable(datasourceUid: string, query: string): Promise<readonly string[]> {
    const path = `/api/datasources/uid/${encodeURIComponent(datasourceUid)}/resources/variables?query=${encodeURIComponent(query)}`;
    const values = (await this.#get(path)) as readonly { readonly value: string }[];
    return values.map(({ value }) => value);
  }

  /** One query; what is wrong with it is no exception but part of the answer. @throws PipelineError as `dashboards` */
  async query(query: object & { readonly refId: string }, { fromMs, toMs }: TimeRange): Promise<QueryAnswer> {
    const body = JSON.stringify({ from: String(fromMs), to: String(toMs), queries: [query] });
    const response = await this.#fetch('/api/ds/query', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const answer = (await response.json().catch(() => ({}))) as {
      readonly message?: string;
      readonly results?: Readonly<Record<string, { readonly error?: string; readonly frames?: readonly WireFrame[] }>>;
    };
    const result = answer.results?.[query.refId];
    const fault = result?.error ?? (response.ok ? undefined : (answer.message ?? `status ${response.status}`));
    return { frames: (result?.frames ?? []).map(frameOf), ...(fault === undefined ? {} : { fault }) };
  }

  async #get(path: string): Promise<unknown> {
    const response = await this.#fetch(path, {});
    if (response.ok) return response.json();
    throw new PipelineError('services.unavailable', `${path} of Grafana answered with status ${response.status}`, { retriable: false });
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(`${this.url}${path}`, { ...init, signal, headers: { ...this.headers, ...init.headers } }).catch(
      (error: unknown) => {
        const message = `Grafana at ${this.url} does not answer: ${reasonOf(error)}; set GRAFANA_URL`;
        throw new PipelineError('services.unavailable', message, { retriable: true, cause: error });
      },
    );
    if (response.status !== 401 && response.status !== 403) return response;
    const message = `Grafana refuses ${path} with status ${response.status}; set GRAFANA_TOKEN, or GRAFANA_USER and GRAFANA_PASSWORD, of somebody who may`;
    throw usageError(message);
  }
}

function frameOf({ schema, data }: WireFrame): AnsweredFrame {
  const fields = (schema?.fields ?? []).map(({ name, type = '' }) => ({ name, type }));
  return { name: schema?.name ?? '', fields, rows: data?.values?.[0]?.length ?? 0 };
}
