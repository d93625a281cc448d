import { describe, expect, it } from '@jest/globals';
import { isAddress, secretsOfAddress, shownAddress } from '../src/addresses.ts';
import { readConfiguration, secretsOf } from '../src/configuration.ts';
import { type SettingName, settings } from '../src/settings.ts';
import { faultsOf } from './support/configuration-faults.ts';

const addressSettings = (Object.keys(settings) as SettingName[]).filter(isAddress);

describe('an address', () => {
  it('is shown without user, password and what follows its path', () => {
    expect(shownAddress('wss://ws.example.com/v1/quotes/price?apikey=0123456789#now')).toBe('wss://ws.example.com/v1/quotes/price');
    expect(shownAddress('https://desk:hunter2@api.example.com:8443/v1')).toBe('https://api.example.com:8443/v1');
    expect(shownAddress('ws://127.0.0.1:7010')).toBe('ws://127.0.0.1:7010');
  });

  it('is not shown at all where these cannot be told apart', () => {
    for (const text of [
      'desk:hunter2@api.example.com',
      'ws://desk:hunt?er2@api.example.com',
      'ws//example.com?apikey=0123',
      '?token=0123',
    ]) {
      expect(shownAddress(text)).toBeUndefined();
    }
    expect(shownAddress('localhost')).toBe('localhost');
  });

  it('has its password for a secret, a user without one, and what its search gives that is longer than a common word', () => {
    expect(secretsOfAddress('wss://desk:hun%74er2@ws.example.com/?plan=pro&apikey=0123%34567&another')).toEqual([
      ...['hun%74er2', 'hunter2'],
      ...['0123%34567', '01234567'],
    ]);
    expect(secretsOfAddress('https://0123456789@api.example.com?9876543210')).toEqual(['0123456789', '9876543210']);
    expect(secretsOfAddress('wss://ws.example.com/v1/quotes/price')).toEqual([]);
  });
});

/** Paths are put behind these. */
const bases: readonly SettingName[] = ['TWELVE_DATA_REST_URL', 'YAHOO_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

describe('the settings that are addresses', () => {
  it.each(addressSettings.filter(name => !bases.includes(name)))('%s has its secrets cut out, and a fault does not show them', name => {
    const scheme = /^\w+(?=:)/.exec(settings[name].example)?.[0];
    const login = 'desk:hunter2secret@';
    const configuration = readConfiguration({
      EXPORT_BUCKET: 'market-data',
      [name]: `${scheme}://${login}example.com/path?key=0123456789`,
    });
    expect(secretsOf(configuration)).toEqual(expect.arrayContaining(['hunter2secret', '0123456789']));
    for (const wrong of [`nowhere://${login}example.com/path?key=0123456789`, `${login}example.com?key=0123456789`]) {
      const faults = faultsOf({ [name]: wrong });
      expect(faults).toContain(`${name} must be`);
      expect(faults).not.toMatch(/hunter2secret|0123456789/);
    }
  });

  it.each(bases)('%s has nothing behind its path, for requests have theirs there', name => {
    for (const end of ['?key=0123456789', '#0123456789', '/?', '/#']) {
      const faults = faultsOf({ [name]: `https://example.com/path${end}` });
      expect(faults).toMatch(
        new RegExp(`${name} must be an http:// or https:// address without .*\\? and #, was "https://example.com/path/?"`),
      );
      expect(faults).not.toContain('0123456789');
    }
    expect(readConfiguration({ [name]: 'https://example.com:8443/path/@1/' })[name]).toBe('https://example.com:8443/path/@1/');
  });

  it.each(['TWELVE_DATA_REST_URL', 'YAHOO_URL'])('%s has no user, for nothing can be fetched then', name => {
    for (const user of ['desk:hunter2secret@', 'hunter2secret@', ':hunter2secret@']) {
      const faults = faultsOf({ [name]: `https://${user}example.com/path` });
      expect(faults).toContain(`${name} must be an http:// or https:// address without user, ? and #, was "https://example.com/path"`);
    }
  });

  it('are shown in a fault as far as they are no secret', () => {
    expect(faultsOf({ TWELVE_DATA_URL: 'https://ws.example.com/v1?apikey=0123456789' })).toContain(
      'TWELVE_DATA_URL must be a ws:// or wss:// address, was "https://ws.example.com/v1": set it',
    );
    expect(faultsOf({ FINNHUB_URL: 'ws.example.com?token=0123456789' })).toContain('FINNHUB_URL must be a ws:// or wss:// address: set it');
  });
});
