/** The process of the relays: answers each request in order, ends when the harness lets go of it. */
import { Relay } from './relay.ts';
import type { RelayAnswer, RelayRequest } from './relays.ts';

const relays = new Map<string, Relay>();
let answered: Promise<void> = Promise.resolve();

process.on('message', (request: RelayRequest) => {
  answered = answered.then(async () => {
    const answer = await done(request).catch((error: unknown): RelayAnswer => ({ error: String(error) }));
    process.send?.(answer);
  });
});
process.once('disconnect', () => process.exit(0));

async function done(request: RelayRequest): Promise<RelayAnswer> {
  if (request.ask === 'open') {
    const relay = await Relay.open();
    relays.set(request.name, relay);
    return { port: relay.port };
  }
  const relay = relays.get(request.name);
  if (relay === undefined) return { error: `there is no relay ${request.name}` };
  if (request.ask === 'target') relay.target = request.target;
  else relay.setWeather(request.weather);
  return { port: relay.port };
}
