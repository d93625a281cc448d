import { describe, expect, it } from '@jest/globals';
import { Liveness } from '../src/liveness.ts';

const bounds = { pongTimeoutMs: 10_000, answerTimeoutMs: 8_000 };

describe('a connection', () => {
  it('is mute exactly so long after its last price as silence is borne', () => {
    const liveness = new Liveness(bounds, 0);
    liveness.answered(100, true);
    liveness.price(2_000);
    expect(liveness.judge(4_999, 3_000)).toEqual({ verdict: 'alive', againInMs: 1 });
    expect(liveness.judge(5_000, 3_000)).toEqual({ verdict: 'mute', againInMs: 0 });
  });

  it('is judged as if there had been no time while nothing was read', () => {
    const liveness = new Liveness(bounds, 0);
    liveness.answered(100, true);
    liveness.heard(1_000);
    liveness.price(1_000);
    liveness.pinged();
    liveness.pinged();
    liveness.suspended(30_000, 32_000);
    expect(liveness.judge(33_999, 3_000)).toEqual({ verdict: 'alive', againInMs: 1 });
    expect(liveness.judge(34_000, 3_000).verdict).toBe('mute');
    liveness.pinged();
    liveness.pinged();
    expect(liveness.judge(40_999, 60_000).verdict).toBe('alive');
    expect(liveness.judge(41_000, 60_000).verdict).toBe('no pong');
  });

  it('is mute so long after the answer when no price ever came', () => {
    const liveness = new Liveness(bounds, 0);
    liveness.answered(100, true);
    expect(liveness.judge(3_099, 3_000).verdict).toBe('alive');
    expect(liveness.judge(3_100, 3_000).verdict).toBe('mute');
  });

  it('is not mute when every symbol was refused', () => {
    const liveness = new Liveness(bounds, 0);
    liveness.answered(100, false);
    expect(liveness.judge(900_000, 3_000).verdict).toBe('alive');
    liveness.answered(900_000, true);
    expect(liveness.judge(903_000, 3_000).verdict).toBe('mute');
  });

  it('is not mute while nothing is expected, and is given the whole time again when something is', () => {
    const liveness = new Liveness(bounds, 0);
    liveness.answered(0, true);
    expect(liveness.judge(59_999, undefined)).toEqual({ verdict: 'alive', againInMs: 1_000 });
    expect(liveness.judge(119_998, 60_000).verdict).toBe('alive');
    expect(liveness.judge(119_999, 60_000).verdict).toBe('mute');
  });

  it('is unanswered when neither an answer nor a price comes', () => {
    const liveness = new Liveness(bounds, 1_000);
    expect(liveness.judge(8_999, 60_000)).toEqual({ verdict: 'alive', againInMs: 1 });
    expect(liveness.judge(9_000, 60_000).verdict).toBe('no answer to the subscription');
    liveness.price(8_999);
    expect(liveness.judge(9_000, 60_000).verdict).toBe('alive');
  });

  it('is dead when two pings and the bound have passed without a word', () => {
    const liveness = new Liveness(bounds, 0);
    liveness.answered(0, true);
    liveness.pinged();
    expect(liveness.judge(20_000, 60_000).verdict).toBe('alive');
    liveness.pinged();
    expect(liveness.judge(20_000, 60_000).verdict).toBe('no pong');
    liveness.heard(20_000);
    expect(liveness.judge(20_000, 60_000).verdict).toBe('alive');
  });
});
