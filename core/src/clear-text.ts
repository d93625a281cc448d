/** Which of the configured addresses are reached in clear over a network. Pure. */
import type { Configuration } from './configuration.ts';

/** True for an address of this machine alone, with a port or without. */
export function isLoopback(address: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)(:\d+)?$/.test(address);
}

export interface ClearAddress {
  readonly setting: 'TWELVE_DATA_URL' | 'TWELVE_DATA_REST_URL' | 'FINNHUB_URL' | 'YAHOO_URL';
  /** Host and port: the rest of an address may hold a key. */
  readonly host: string;
}

const ofVendors = ['TWELVE_DATA_URL', 'TWELVE_DATA_REST_URL', 'FINNHUB_URL', 'YAHOO_URL'] as const;

/** Vendors' addresses that are ws:// or http:// and not on this machine: somebody on the way can read the key and write prices. */
export function vendorsInClear(configuration: Pick<Configuration, (typeof ofVendors)[number]>): readonly ClearAddress[] {
  return ofVendors.flatMap(setting => {
    const address = configuration[setting];
    if (address === undefined) return [];
    const { protocol, host } = new URL(address);
    return (protocol === 'ws:' || protocol === 'http:') && !isLoopback(host) ? [{ setting, host }] : [];
  });
}
