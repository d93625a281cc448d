import { describe, expect, it } from '@jest/globals';
import { argumentsOf } from '../src/command-line.ts';

const days = { options: { days: { type: 'string' }, test: { type: 'boolean' } } } as const;

describe('the arguments of a program', () => {
  it('are options by their names, and nothing where none were given', () => {
    expect(argumentsOf([], {})?.options).toEqual({});
    expect(argumentsOf(['--days', '3', '--test'], days)?.options).toEqual({ days: '3', test: true });
    expect(argumentsOf(['--days=3'], days)?.options).toEqual({ days: '3' });
    expect(argumentsOf(['migrate'], { words: ['migrate'] })).toEqual({ options: {}, words: ['migrate'] });
  });

  it('may be a list, and words for the program to judge', () => {
    const line = { options: { reader: { type: 'string', multiple: true } }, words: 'any' } as const;
    expect(argumentsOf(['roles', '--reader', 'a', '--reader=b', 'more'], line)).toEqual({
      options: { reader: ['a', 'b'] },
      words: ['roles', 'more'],
    });
  });

  it('are refused with the help behind the fault, where that is asked for', () => {
    const message = '"-x" is not an option, expected none or --help\n\nUsage: …';
    expect(() => argumentsOf(['-x'], { help: 'Usage: …', faultsShowHelp: true })).toThrow(
      expect.objectContaining({ code: 'usage', message }),
    );
  });

  it.each([['--help'], ['-h'], ['--days', '3', '--help'], ['nonsense', '--help']])('ask for help: %j', (...args) => {
    expect(argumentsOf(args, days)).toBeUndefined();
  });

  it.each([
    [['--port'], {}, '"--port" is not an option, expected none or --help'],
    [['--port=1'], {}, '"--port" is not an option, expected none or --help'],
    [['-x'], days, '"-x" is not an option, expected --days or --test or --help'],
    [['3'], days, '"3" is not an option, expected --days or --test or --help'],
    [['--days'], days, '--days needs a value'],
    [['--test=1'], days, '--test takes no value, was "1"'],
    [['toString'], {}, '"toString" is not an option, expected none or --help'],
    [['--toString'], {}, '"--toString" is not an option, expected none or --help'],
    [[], { words: ['migrate'] }, 'expected migrate, was ""; see --help'],
    [['migrate', 'twice'], { words: ['migrate'] }, 'expected migrate, was "migrate twice"; see --help'],
  ])('that it does not take are refused: %j', (args, line, message) => {
    expect(() => argumentsOf(args, line)).toThrow(expect.objectContaining({ code: 'usage', message }));
  });
});
