/** Settings that panels of one kind share, so that they look alike. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  FieldTextAlignment,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TableCellHeight,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';

/** What a panel is called, what it says to who hovers over the i, and its place: 24 columns are the width. */
export interface Heading {
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
}

export const green = 'green';
export const orange = 'orange';
export const red = 'red';

/** Colours from a value on; the first one is that of all below. */
export function thresholds(base: string, ...steps: readonly (readonly [from: number, color: string])[]): ThresholdsConfigBuilder {
  const lowest = { value: null, color: base };
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([lowest, ...steps.map(([value, color]) => ({ value, color }))]);
}

export function property(id: string, value: unknown): DynamicConfigValue {
  return { id, value };
}

/** Colours that stay with a name, whatever the order in which series come. */
export function colorsByName(): FieldColorBuilder {
  return new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName);
}

export function legend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder().showLegend(true).displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).calcs([]);
}

export function lines({ title, description, width, height }: Heading): TimeseriesPanel {
  return new TimeseriesPanel()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(1)
    .colorScheme(colorsByName())
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
}

/** A number on its colour; `calc` says which of the rows, and of a query that gives one row it does not matter. */
export function tile({ title, description, width, height }: Heading): StatPanel {
  return new StatPanel()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));
}

export function table({ title, description, width, height }: Heading): TablePanel {
  return new TablePanel()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .showHeader(true)
    .cellHeight(TableCellHeight.Sm)
    .align(FieldTextAlignment.Auto);
}
