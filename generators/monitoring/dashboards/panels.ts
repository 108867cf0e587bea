import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineStyleBuilder,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as StateTimelineBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/*
 * The few kinds of panel that the dashboards are made of, each with what makes it readable at night: a unit, thresholds
 * where a value can be wrong, a legend that says what is what, and "no value" told from zero.
 */

const datasource = { type: "prometheus", uid: "$datasource" };

/** Where a value turns from good to warning to bad; downwards where `bad` is the smaller one. */
interface Limits {
  readonly warning: number;
  readonly bad: number;
}

interface Common {
  readonly title: string;
  /** What it shows and what to make of it; appears at the panel's corner. */
  readonly help?: string;
  /** Unit of Grafana, such as reqps, percentunit, s, bytes. */
  readonly unit: string;
  readonly limits?: Limits;
  /** Columns of 24. */
  readonly width: number;
  readonly height?: number;
}

interface Query {
  readonly expr: string;
  /** Template of the legend. */
  readonly legend?: string;
  /** Drawn dashed: what is declared and not measured. */
  readonly dashed?: boolean;
}

type AnyPanel = Builder<Panel> & { id(id: number): unknown };
type Row = readonly [title: string, panels: readonly AnyPanel[]];

/** One figure. */
export function stat({ expr, noValue, ...common }: Common & { readonly expr: string; readonly noValue?: string }) {
  const panel = new StatBuilder()
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false))
    .noValue(noValue ?? "no data")
    .targets([query({ expr }, 0).instant()]);
  return dress(panel, { height: 4, ...common });
}

/** The share of requests that fail, and from where on it matters: the same in every panel and column. */
export const errorRate = { title: "Errors", unit: "percentunit", limits: { warning: 0.01, bad: 0.05 } } as const;

/** Curves over time. */
export function curves({
  queries,
  max,
  stacked,
  ...common
}: Common & { readonly queries: readonly Query[]; readonly max?: number; readonly stacked?: boolean }) {
  const panel = new TimeSeriesBuilder()
    .fillOpacity(stacked ? 30 : 5)
    .min(0)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(["lastNotNull", "max"]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .targets(queries.map(query));
  if (max !== undefined) panel.max(max);
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"));
  if (common.limits)
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  const dashes = new LineStyleBuilder().fill("dash").dash([6, 6]).build();
  for (const [index, { dashed }] of queries.entries())
    if (dashed) panel.overrideByQuery(refId(index), [{ id: "custom.lineStyle", value: dashes }]);
  return dress(panel, common);
}

/** A state over time: a bar that changes its colour. */
export function states({
  queries,
  names,
  ...common
}: Omit<Common, "unit" | "limits"> & {
  readonly queries: readonly Query[];
  /** Text and colour of each value. */
  readonly names: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
}) {
  const panel = new StateTimelineBuilder().targets(queries.map(query));
  panel.mappings([{ type: "value" as never, options: names }]);
  return dress(panel, { unit: "none", ...common });
}

interface Column {
  readonly title: string;
  readonly expr: string;
  readonly unit: string;
  readonly limits?: Limits;
}

/** A table: a row for each set of labels, a column for each label and query. The first label links to `link`. */
export function table({
  labels,
  columns,
  link,
  ...common
}: Omit<Common, "unit" | "limits"> & {
  /** Labels that make up a row; every query has exactly these. */
  readonly labels: readonly string[];
  readonly columns: readonly Column[];
  /** Address of the dashboard that a row leads to. */
  readonly link?: string;
}) {
  const value = (index: number) => (columns.length === 1 ? "Value" : `Value #${refId(index)}`);
  const panel = new TableBuilder()
    .filterable(true)
    .targets(columns.map(({ expr }, index) => query({ expr }, index).instant().format(PromQueryFormat.Table)))
    .transformations([
      { id: "merge", options: {} },
      {
        id: "organize",
        options: {
          excludeByName: { Time: true },
          indexByName: Object.fromEntries(
            [...labels, ...columns.map((_, index) => value(index))].map((n, i) => [n, i]),
          ),
          renameByName: Object.fromEntries(columns.map(({ title }, index) => [value(index), title])),
        },
      },
    ]);
  for (const { title, unit, limits } of columns)
    panel.overrideByName(title, [
      { id: "unit", value: unit },
      ...(limits
        ? [
            { id: "thresholds", value: thresholds(limits).build() },
            { id: "custom.cellOptions", value: { type: "color-text" } },
          ]
        : []),
    ]);
  if (link)
    panel.overrideByName("service", [{ id: "links", value: [{ title: "Open", url: link, targetBlank: false }] }]);
  return dress(panel, { unit: "none", height: 10, ...common });
}

type Dressed = StatBuilder | TimeSeriesBuilder | TableBuilder | StateTimelineBuilder;

function dress<P extends Dressed>(panel: P, { title, help, unit, limits, width, height = 8 }: Common): P {
  panel.title(title).datasource(datasource).unit(unit).span(width).height(height);
  if (help) panel.description(help);
  panel.thresholds(limits ? thresholds(limits) : steps([{ value: null, color: "text" }]));
  return panel;
}

function thresholds({ warning, bad }: Limits): ThresholdsConfigBuilder {
  return bad > warning
    ? steps([
        { value: null, color: "green" },
        { value: warning, color: "orange" },
        { value: bad, color: "red" },
      ])
    : steps([
        { value: null, color: "red" },
        { value: bad, color: "orange" },
        { value: warning, color: "green" },
      ]);
}

function steps(list: Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(list);
}

function query({ expr, legend }: Query, index: number): DataqueryBuilder & Builder<Dataquery> {
  const target = new DataqueryBuilder().refId(refId(index)).expr(expr).datasource(datasource).range();
  return legend ? target.legendFormat(legend) : target;
}

function refId(index: number): string {
  return String.fromCharCode(65 + index);
}

interface DashboardOptions {
  readonly uid: string;
  readonly title: string;
  readonly help: string;
  /** Which of the variables it has; `one` for a single environment, `all` for any number. */
  readonly variables: "none" | "all" | "one";
  /** Address of runbooks.md. */
  readonly runbooks: string;
  readonly rows: readonly Row[];
}

/** A dashboard of the folder, with links to the others that keep the time and the variables. */
export function dashboard({ uid, title, help, variables, runbooks, rows }: DashboardOptions): object {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(help)
    .tags(["slipway"])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: "now-3h", to: "now" })
    .refresh("30s")
    .links([
      new DashboardLinkBuilder("slipway")
        .type(DashboardLinkType.Dashboards)
        .tags(["slipway"])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(true),
      new DashboardLinkBuilder("Runbooks").type(DashboardLinkType.Link).icon("doc").url(runbooks).targetBlank(true),
    ])
    .withVariable(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"));
  if (variables !== "none") {
    const variable = (name: string, text: string, definition: string) => {
      const many = variables === "all";
      const choice = new QueryVariableBuilder(name)
        .label(text)
        .datasource(datasource)
        .query(definition)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(many)
        .includeAll(many);
      return many ? choice.current({ selected: true, text: ["All"], value: ["$__all"] }) : choice;
    };
    builder
      .withVariable(variable("environment", "Environment", "label_values(slipway_service_info, environment)"))
      .withVariable(
        variable("service", "Service", 'label_values(slipway_service_info{environment=~"$environment"}, service)'),
      );
  }
  let id = 0;
  for (const [row, panels] of rows) {
    builder.withRow(new RowBuilder(row).id(++id));
    for (const panel of panels) {
      panel.id(++id);
      builder.withPanel(panel);
    }
  }
  return builder.build();
}

/** Address of a dashboard with the environment and service of a table's row. */
export function toDashboard(uid: string): string {
  return `/d/${uid}?\${__url_time_range}&var-environment=\${__data.fields.environment}&var-service=\${__data.fields.service}`;
}
