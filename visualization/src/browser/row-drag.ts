/** Moves the rows of a table by their handles, with a mouse, a pen or a finger. */

/** @param moved the symbol of the row and the place, counted without it, where it was let go */
export function dragRows(body: HTMLElement, moved: (symbol: string, place: number) => void): void {
  body.addEventListener('pointerdown', event => {
    const grip = event.target instanceof Element ? event.target.closest('.grip') : null;
    const row = grip?.closest('tr');
    if (!(grip instanceof HTMLElement) || !(row instanceof HTMLElement) || event.button !== 0) return;
    event.preventDefault();
    new RowDrag(body, row, grip, moved).follow(event.pointerId);
  });
}

class RowDrag {
  readonly #row: HTMLElement;
  readonly #grip: HTMLElement;
  readonly #others: readonly HTMLElement[];
  readonly #moved: (symbol: string, place: number) => void;
  readonly #over = new AbortController();
  #place: number | undefined;

  constructor(body: HTMLElement, row: HTMLElement, grip: HTMLElement, moved: (symbol: string, place: number) => void) {
    this.#row = row;
    this.#grip = grip;
    this.#others = [...body.children].filter((other): other is HTMLElement => other instanceof HTMLElement && other !== row);
    this.#moved = moved;
  }

  follow(pointerId: number): void {
    const { signal } = this.#over;
    this.#grip.setPointerCapture(pointerId);
    this.#row.dataset.dragged = 'true';
    this.#grip.addEventListener('pointermove', event => this.#move(event.clientY), { signal });
    this.#grip.addEventListener('pointerup', () => this.#end(true), { signal });
    this.#grip.addEventListener('pointercancel', () => this.#end(false), { signal });
    document.addEventListener('keydown', event => event.key === 'Escape' && this.#end(false), { signal });
  }

  #move(y: number): void {
    const above = this.#others.filter(other => y > middleOf(other)).length;
    this.#place = above;
    for (const [index, other] of this.#others.entries()) {
      if (index === above) other.dataset.drop = 'before';
      else if (above === this.#others.length && index === above - 1) other.dataset.drop = 'after';
      else delete other.dataset.drop;
    }
  }

  #end(isDropped: boolean): void {
    this.#over.abort();
    delete this.#row.dataset.dragged;
    for (const other of this.#others) delete other.dataset.drop;
    const symbol = this.#row.dataset.symbol;
    if (isDropped && symbol !== undefined && this.#place !== undefined) this.#moved(symbol, this.#place);
  }
}

function middleOf(row: HTMLElement): number {
  const { top, bottom } = row.getBoundingClientRect();
  return (top + bottom) / 2;
}
