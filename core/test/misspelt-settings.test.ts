import { describe, expect, it } from '@jest/globals';
import { misspeltSettings } from '../src/misspelt-settings.ts';

describe('names in the environment', () => {
  it('that are one edit away from a setting are told with it', () => {
    expect(misspeltSettings({ SYMBOL: 'AAPL', HTTP_PORTT: '1', DATA_DRI: 'x', LOG_LEVAL: 'warn', BAR_INTERVALS: '1m' })).toEqual([
      'DATA_DRI is not a setting: did you mean DATA_DIR?',
      'HTTP_PORTT is not a setting: did you mean HTTP_PORT?',
      'LOG_LEVAL is not a setting: did you mean LOG_LEVEL?',
      'SYMBOL is not a setting: did you mean SYMBOLS?',
    ]);
  });

  it('of which the setting is there too, which are further away, short, or faults anyway, are left alone', () => {
    expect(misspeltSettings({ SYMBOL: 'AAPL', SYMBOLS: 'AAPL', HTTPS_PORT: '443', HTTP_PORT: '80' })).toEqual([]);
    expect(misspeltSettings({ SYMBOLZZ: 'x', FEED: 'x', KAFKA_BROKER: 'x', SYMBOLS_FILE: 'x' })).toEqual([]);
  });

  it('of a usual environment are left alone', () => {
    const usual = ['PATH', 'HOME', 'HOST', 'HOSTNAME', 'HTTP_PROXY', 'HTTPS_PROXY', 'LANG', 'LOGNAME', 'NODE_ENV', 'NODE_OPTIONS', 'PORT'];
    const more = ['npm_config_cache', 'npm_lifecycle_event', 'OTEL_SERVICE_NAME', 'POD_IP', 'POD_UID', 'PWD', 'SHELL', 'TERM', 'USER'];
    const cluster = ['KUBERNETES_PORT', 'KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT', 'SSL_CERT_FILE', 'XDG_DATA_DIRS'];
    expect(misspeltSettings(Object.fromEntries([...usual, ...more, ...cluster].map(name => [name, 'x'])))).toEqual([]);
  });
});
