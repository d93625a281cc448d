/** When a symbol was observed: what makes a bar `partial` or touched by a `gap`. */
import type { BarFlag } from '@tapeline/core/bars';

export interface Span {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** Plain data, because it stands in snapshots as it is. */
export interface Coverage {
  /** Start of the first session that owned the symbol. */
  sinceMs: number;
  /** Gaps that a window which can still change may touch. */
  gaps: Span[];
  /** Latest end of the gaps that were let go: they all began before any window that can still change ends. */
  letGoToMs: number;
  /** Set while no feed owns the symbol: since when. */
  absentSinceMs?: number;
}

export function coverageFrom(sinceMs: number): Coverage {
  return { sinceMs, gaps: [], letGoToMs: 0 };
}

/** Flags that a new window of this symbol begins with. */
export function coverageFlags(coverage: Coverage, startMs: number, endMs: number): readonly BarFlag[] {
  const flags: BarFlag[] = startMs < coverage.sinceMs ? ['partial'] : [];
  const gap = coverage.letGoToMs > startMs || coverage.gaps.some(span => touches(span, startMs, endMs));
  return gap ? [...flags, 'gap'] : flags;
}

export function touches(span: Span, startMs: number, endMs: number): boolean {
  return span.fromMs < endMs && span.toMs > startMs;
}

/** The end of a gap that has not ended. */
export const endless = Number.MAX_SAFE_INTEGER;

/** Forgets the gap that has not ended: the one that takes its place is known to its end. */
export function endAbsence(coverage: Coverage): void {
  coverage.absentSinceMs = undefined;
  coverage.gaps = coverage.gaps.filter(span => span.toMs !== endless);
}

/** Forgets the gaps that began before `horizonMs`, but for how far they reach. */
export function letGo(coverage: Coverage, horizonMs: number): void {
  if (coverage.gaps.length === 0) return;
  const kept: Span[] = [];
  for (const span of coverage.gaps) {
    if (span.toMs > horizonMs) kept.push(span);
    else coverage.letGoToMs = Math.max(coverage.letGoToMs, span.toMs);
  }
  coverage.gaps = kept;
}
