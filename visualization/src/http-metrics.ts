/** How long each request to the board took, by the path that it met and the class of its status. */
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

/** To be added before the routes. A path that nobody serves is `other`: whoever guesses paths makes no labels. */
export function addHttpMetrics(server: FastifyInstance, registry: Registry): void {
  const seconds = metricOf(registry, 'tapeline_live_board_http_request_duration_seconds');
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'other';
    seconds.observe({ route, status: `${Math.floor(reply.statusCode / 100)}xx` }, reply.elapsedTime / 1_000);
  });
}
