# One image for each process of Tapeline:
#
#   docker build --target ingester --tag tapeline/ingester:"$(npx node scripts/image-tag.ts)" .
#
# Targets: ingester, backfiller, stream-processor, live-board, notifier, migrations, simulator. Node strips the types itself, so nothing is compiled;
# each image has the sources of its process, the production packages of those, and nothing else. It needs no writable file system.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim

# npm compares the lock with the manifest of every workspace, also of those that it does not install.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY core/package.json core/
COPY simulator/package.json simulator/
COPY ingestion/package.json ingestion/
COPY log/package.json log/
COPY stream-processing/package.json stream-processing/
COPY database/package.json database/
COPY visualization/package.json visualization/
COPY standalone/package.json standalone/
COPY services/package.json services/
COPY infrastructure/package.json infrastructure/

FROM manifests AS ingester-packages
RUN npm ci --omit=dev --ignore-scripts --workspace=core --workspace=log --workspace=ingestion

FROM manifests AS backfiller-packages
RUN npm ci --omit=dev --ignore-scripts --workspace=core --workspace=log --workspace=database --workspace=ingestion

FROM manifests AS stream-processor-packages
RUN npm ci --omit=dev --ignore-scripts --workspace=core --workspace=log --workspace=database --workspace=stream-processing

FROM manifests AS live-board-packages
RUN npm ci --omit=dev --ignore-scripts --workspace=core --workspace=log --workspace=database --workspace=stream-processing --workspace=visualization

FROM manifests AS migrations-packages
RUN npm ci --omit=dev --ignore-scripts --workspace=core --workspace=database

FROM manifests AS simulator-packages
RUN npm ci --omit=dev --ignore-scripts --workspace=core --workspace=simulator

# Owned by root and read by an account that the image does not even name.
FROM ${NODE_IMAGE} AS process
WORKDIR /app
ENV NODE_ENV=production
COPY LICENSE ./
COPY core core/
USER 10001:10001

FROM process AS ingester
COPY --from=ingester-packages /app/node_modules node_modules/
COPY log log/
COPY ingestion ingestion/
EXPOSE 8080
ENTRYPOINT ["node", "ingestion/src/main.ts"]

FROM process AS backfiller
COPY --from=backfiller-packages /app/node_modules node_modules/
COPY log log/
COPY database database/
COPY ingestion ingestion/
EXPOSE 8080
ENTRYPOINT ["node", "ingestion/src/backfill/main.ts"]

FROM process AS stream-processor
COPY --from=stream-processor-packages /app/node_modules node_modules/
COPY log log/
COPY database database/
COPY stream-processing stream-processing/
EXPOSE 8080
ENTRYPOINT ["node", "stream-processing/src/main.ts"]

FROM process AS live-board
COPY --from=live-board-packages /app/node_modules node_modules/
COPY log log/
COPY database database/
COPY stream-processing stream-processing/
COPY visualization visualization/
EXPOSE 8080
ENTRYPOINT ["node", "visualization/src/main.ts"]

FROM process AS notifier
COPY --from=stream-processor-packages /app/node_modules node_modules/
COPY log log/
COPY database database/
COPY stream-processing stream-processing/
EXPOSE 8080
ENTRYPOINT ["node", "stream-processing/src/notifier/main.ts"]

FROM process AS migrations
COPY --from=migrations-packages /app/node_modules node_modules/
COPY database database/
ENTRYPOINT ["node", "database/src/main.ts"]
CMD ["migrate"]

FROM process AS simulator
COPY --from=simulator-packages /app/node_modules node_modules/
COPY simulator simulator/
EXPOSE 7010
ENTRYPOINT ["node", "simulator/src/main.ts"]
CMD ["--host", "0.0.0.0"]
