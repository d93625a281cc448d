/** Dashboards as Grafana gives them back: as much of the JSON as is looked at here. */
export interface DataSource {
  readonly type: string;
  readonly uid: string;
}

/** A query of a panel: CQL in `target`, or PromQL in `expr`. */
export interface PanelQuery {
  readonly refId: string;
  readonly datasource: DataSource;
  readonly queryType?: string;
  readonly rawQuery?: boolean;
  readonly target?: string;
  readonly alias?: string;
  readonly expr?: string;
  readonly instant?: boolean;
  readonly range?: boolean;
  readonly legendFormat?: string;
}

export interface Transformation {
  readonly id: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly filter?: { readonly id: string; readonly options?: unknown };
}

export interface Property {
  readonly id: string;
  readonly value?: unknown;
}

export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: DataSource;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets: readonly PanelQuery[];
  readonly transformations?: readonly Transformation[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly fieldConfig?: {
    readonly defaults: Readonly<Record<string, unknown>>;
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options?: unknown };
      readonly properties: readonly Property[];
    }[];
  };
}

export interface VariableJson {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly datasource?: DataSource;
  readonly regex?: string;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly refresh?: number;
  readonly hide?: number;
  readonly current?: { readonly value: string | readonly string[] };
}

export interface AnnotationJson {
  readonly name: string;
  readonly datasource: DataSource;
  readonly target: PanelQuery;
}

export interface DashboardJson {
  readonly uid: string;
  readonly title: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly time: { readonly from: string; readonly to: string };
  readonly links?: readonly { readonly type: string; readonly tags: readonly string[]; readonly keepTime: boolean }[];
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list?: readonly VariableJson[] };
  readonly annotations: { readonly list?: readonly AnnotationJson[] };
}

/** The text of a variable's query, whichever way it is written down. */
export function queryOf({ query }: VariableJson): string {
  return typeof query === 'string' ? query : query.query;
}
