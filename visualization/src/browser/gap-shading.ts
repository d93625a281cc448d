/** Draws gaps behind the candles: a shaded span as long as the data is missing, with its reason where there is room. */
import type {
  IChartApi,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  Logical,
  SeriesAttachedParameter,
  Time,
} from 'lightweight-charts';
import type { ChartColors } from './chart-colors.ts';
import type { ShadedSpan } from './chart-gaps.ts';

const leastWidth = 2;
const textMargin = 6;
/** Room for a line of text that runs downwards. */
const narrowestText = 14;

export class GapShading implements ISeriesPrimitive<Time>, IPrimitivePaneView, IPrimitivePaneRenderer {
  #chart: IChartApi | undefined;
  #requestUpdate: (() => void) | undefined;
  #spans: readonly ShadedSpan[] = [];
  #colors: ChartColors = () => 'transparent';
  #font = '';

  /** Shows other spans. */
  show(spans: readonly ShadedSpan[]): void {
    this.#spans = spans;
    this.#requestUpdate?.();
  }

  paint(colors: ChartColors, fontFamily: string): void {
    this.#colors = colors;
    this.#font = `11px ${fontFamily}`;
    this.#requestUpdate?.();
  }

  attached({ chart, requestUpdate }: SeriesAttachedParameter<Time>): void {
    this.#chart = chart;
    this.#requestUpdate = requestUpdate;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return [this];
  }

  zOrder(): 'bottom' {
    return 'bottom';
  }

  renderer(): IPrimitivePaneRenderer {
    return this;
  }

  draw(target: Parameters<IPrimitivePaneRenderer['draw']>[0]): void {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      for (const span of this.#spans) {
        const [left, right] = [this.#x(span.from), span.to === Number.POSITIVE_INFINITY ? mediaSize.width : this.#x(span.to)];
        if (left === undefined || right === undefined || right < 0 || left > mediaSize.width) continue;
        this.#drawSpan(context, span, left, Math.max(right - left, leastWidth), mediaSize.height);
      }
    });
  }

  #drawSpan(context: CanvasRenderingContext2D, span: ShadedSpan, left: number, width: number, height: number): void {
    const { kind } = span;
    context.fillStyle = this.#colors(`--${kind}-back`);
    context.fillRect(left, 0, width, height);
    context.fillStyle = this.#colors(`--${kind}-edge`);
    context.fillRect(left, 0, 1, height);
    context.fillRect(left + width - 1, 0, 1, height);
    this.#write(context, span.text, this.#colors(`--${kind}-text`), { left, width, height });
  }

  /** Writes along the span where it is wide enough, else downwards, else not at all: the cross-hair tells it too. */
  #write(
    context: CanvasRenderingContext2D,
    text: string,
    color: string,
    { left, width, height }: { readonly left: number; readonly width: number; readonly height: number },
  ): void {
    context.font = this.#font;
    context.fillStyle = color;
    context.textBaseline = 'top';
    const length = context.measureText(text).width + 2 * textMargin;
    if (length <= width) context.fillText(text, left + textMargin, textMargin);
    else if (width >= narrowestText && length <= height) {
      context.save();
      context.translate(left + width / 2 + 6, textMargin);
      context.rotate(Math.PI / 2);
      context.fillText(text, 0, 0);
      context.restore();
    }
  }

  /** The pixel of a place; the library knows whole places only. */
  #x(position: number): number | undefined {
    const scale = this.#chart?.timeScale();
    const whole = Math.floor(position);
    const here = scale?.logicalToCoordinate(whole as Logical);
    const next = scale?.logicalToCoordinate((whole + 1) as Logical);
    if (here == null || next == null) return undefined;
    return here + (next - here) * (position - whole);
  }
}
