import { describe, expect, it } from '@jest/globals';
import { operatorCommandOf } from '../src/operator-arguments.ts';

describe('what an operator asks of the program in a pod', () => {
  it('is processing, when nothing is asked', () => {
    expect(operatorCommandOf([])).toEqual({ kind: 'process' });
  });

  it('is a rebuild, with its options', () => {
    expect(operatorCommandOf(['rebuild'])).toEqual({ kind: 'rebuild', switch: true, shorter: false, whole: false });
    expect(operatorCommandOf(['rebuild', '--generation', '3', '--no-switch', '--shorter'])).toEqual({
      kind: 'rebuild',
      generation: 3,
      switch: false,
      shorter: true,
      whole: false,
    });
  });

  it('is a copy into another number of partitions', () => {
    expect(operatorCommandOf(['repartition', '--partitions', '8', '--to', 'wide.'])).toEqual({
      kind: 'repartition',
      partitions: 8,
      to: 'wide.',
      shorter: false,
    });
    expect(operatorCommandOf(['repartition', '--partitions', '8', '--to', 'wide.', '--shorter'])).toMatchObject({ shorter: true });
  });

  it('is a check of the deployment', () => {
    expect(operatorCommandOf(['doctor'])).toEqual({ kind: 'doctor', json: false });
    expect(operatorCommandOf(['doctor', '--json', '--timeout', '30'])).toEqual({ kind: 'doctor', json: true, timeoutSeconds: 30 });
  });

  it('is the list of generations, a switch or a removal', () => {
    expect(operatorCommandOf(['generations'])).toEqual({ kind: 'generations' });
    expect(operatorCommandOf(['generations', '--switch', '1'])).toEqual({ kind: 'generations', switch: 1 });
    expect(operatorCommandOf(['generations', '--drop', '2'])).toEqual({ kind: 'generations', drop: 2 });
  });

  it('is help wherever help is asked for', () => {
    expect(operatorCommandOf(['rebuild', '--help'])).toEqual({ kind: 'help' });
  });

  it('is refused with what was expected when it is something else', () => {
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [['rebild'], /expected rebuild, repartition, generations, doctor or nothing, was "rebild"; see --help/],
      [['rebuild', '--generation', '0'], /whole number from 1, was 0/],
      [['repartition', '--partitions', '8'], /needs --partitions and --to/],
      [['rebuild', '--switch', '2'], /--switch/],
      [['generations', '--switch', '1', '--drop', '2'], /one after the other/],
    ];
    for (const [given, message] of refused) expect(() => operatorCommandOf(given)).toThrow(message);
  });
});
