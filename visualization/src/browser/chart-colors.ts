/** The page's colours as the chart library takes them: it knows nothing of style sheets. */
import { flagLooks } from './bar-marks.ts';
import { indicatorChoices } from './indicator-choices.ts';

const names = [
  '--panel',
  '--muted',
  '--line',
  '--up',
  '--down',
  '--volume-up',
  '--volume-down',
  '--gap-back',
  '--gap-edge',
  '--gap-text',
  '--filled-back',
  '--filled-edge',
  '--filled-text',
  '--missing-back',
  '--missing-edge',
  '--missing-text',
  '--alert',
  '--crosshair',
  ...flagLooks.map(look => `--flag-${look.flag}`),
  ...indicatorChoices.flatMap(choice => choice.lines.map(line => line.color)),
] as const;

/** A colour of the theme that is shown, by its name in the style sheet. */
export type ChartColors = (name: string) => string;

/** Reads the colours; again after each change of the theme. */
export function readColors(): ChartColors {
  // A colour that follows the scheme has its value only where it is used.
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const colors = new Map(
    names.map(name => {
      probe.style.color = `var(${name})`;
      return [name as string, getComputedStyle(probe).color];
    }),
  );
  probe.remove();
  return name => colors.get(name) ?? 'transparent';
}
