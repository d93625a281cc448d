import { describe, expect, it } from '@jest/globals';
import { optionsOf } from '../src/command-line.ts';

const days = { options: { days: { type: 'string' }, test: { type: 'boolean' } } } as const;

describe('the arguments of a program', () => {
  it('are options by their names, and nothing where none were given', () => {
    expect(optionsOf([], {})).toEqual({});
    expect(optionsOf(['--days', '3', '--test'], days)).toEqual({ days: '3', test: true });
    expect(optionsOf(['--days=3'], days)).toEqual({ days: '3' });
    expect(optionsOf(['migrate'], { words: ['migrate'] })).toEqual({});
  });

  it.each([['--help'], ['-h'], ['--days', '3', '--help'], ['nonsense', '--help']])('ask for help: %j', (...args) => {
    expect(optionsOf(args, days)).toBeUndefined();
  });

  it.each([
    [['--port'], {}, '"--port" is no option, expected none or --help'],
    [['--port=1'], {}, '"--port" is no option, expected none or --help'],
    [['-x'], days, '"-x" is no option, expected --days or --test or --help'],
    [['3'], days, '"3" is no option, expected --days or --test or --help'],
    [['--days'], days, '--days needs a value'],
    [['--test=1'], days, '--test takes no value, was "1"'],
    [['toString'], {}, '"toString" is no option, expected none or --help'],
    [['--toString'], {}, '"--toString" is no option, expected none or --help'],
    [[], { words: ['migrate'] }, 'expected migrate, was ""; see --help'],
    [['migrate', 'twice'], { words: ['migrate'] }, 'expected migrate, was "migrate twice"; see --help'],
  ])('that it does not take are refused: %j', (args, line, message) => {
    expect(() => optionsOf(args, line)).toThrow(expect.objectContaining({ code: 'usage', message }));
  });
});
