/** A TwelveData feed against a vendor that follows a script. */
import { type RunningFeed, startFeed } from './running-feed.ts';
import { accepted, aPrice, startVendor, type VendorScript, type VendorServer } from './vendor-server.ts';

type FeedOptions = Omit<Parameters<typeof startFeed>[0], 'url'>;

/** Runs a feed against a scripted vendor, and stops both whatever happens. */
export async function withVendor(
  script: VendorScript,
  options: FeedOptions,
  test: (feed: RunningFeed, vendor: VendorServer) => Promise<void>,
): Promise<void> {
  const vendor = await startVendor(script);
  const feed = startFeed({ url: vendor.url, ...options });
  try {
    await test(feed, vendor);
  } finally {
    await feed.stop();
    await vendor.close();
  }
}

export const answering: VendorScript = { subscribed: symbols => [accepted(...symbols), aPrice()] };
