/** The import rules of the house, checked by `npm run rules`. */
const stage = name => `^${name}/src/`;
const only = (name, library, path) => ({
  name,
  severity: 'error',
  comment: `${library} has one door, so that it can be replaced there`,
  from: { pathNot: path },
  to: { path: `(^|node_modules/)${library}(/|$)` },
});

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-imports-no-stage',
      severity: 'error',
      from: { path: stage('core') },
      to: { path: '^(simulator|ingestion|log|stream-processing|database|visualization|standalone|services)/' },
    },
    {
      name: 'ingestion-and-processing-meet-in-the-log',
      severity: 'error',
      from: { path: stage('(ingestion|simulator)') },
      to: { path: '^(stream-processing|visualization|standalone)/' },
    },
    {
      name: 'only-jobs-look-at-the-store',
      severity: 'error',
      comment: 'a feed writes what it was told, whatever is stored',
      from: { path: stage('(ingestion|simulator)'), pathNot: '^ingestion/src/(backfill|daily|history|instruments)/' },
      to: { path: '^database/' },
    },
    {
      name: 'processing-knows-no-ingestion',
      severity: 'error',
      from: { path: stage('stream-processing') },
      to: { path: '^(ingestion|simulator|visualization|standalone|services)/' },
    },
    {
      name: 'database-knows-core-only',
      severity: 'error',
      from: { path: stage('database') },
      to: { path: '^(ingestion|simulator|stream-processing|visualization|standalone|services|log)/src/(?!for-tests)' },
    },
    {
      name: 'log-knows-core-only',
      severity: 'error',
      from: { path: stage('log') },
      to: { path: '^(ingestion|simulator|stream-processing|visualization|standalone|database)/' },
    },
    {
      name: 'the-fold-is-pure',
      severity: 'error',
      comment: 'a fold that could see a clock, a disk or a socket would not give the same bars twice',
      from: {
        path: '^stream-processing/src/(fold|hot|alerts)/',
        pathNot: '^stream-processing/src/alerts/(follow-alert-rules|rules-file)\\.ts$',
      },
      to: {
        pathNot:
          '^(stream-processing/src/(fold|hot)/|stream-processing/src/alerts/(?!follow-alert-rules|rules-file)|core/src/calendars/|core/src/(intervals|bars|records|dead-letters|partitioner|errors|derived-values|alerts|alert-rules|parse-alert-rules|durations|json-text|time-text)\\.ts$)',
      },
    },
    {
      name: 'the-plain-fold-stands-alone',
      severity: 'error',
      comment: 'it is what the fast one is held equal to',
      from: { path: '^stream-processing/src/fold/' },
      to: { path: '^stream-processing/src/hot/' },
    },
    {
      name: 'infrastructure-knows-core-only',
      severity: 'error',
      comment: 'what a cluster is made of must not need what runs in it',
      from: { path: stage('infrastructure') },
      to: { path: '^(simulator|ingestion|log|stream-processing|database|visualization|standalone|services)/' },
    },
    only(
      'kafkajs-door',
      'kafkajs',
      '^(log/src/kafka|fuzz/src/parsers/(kafka-wire|log-records)|log/test|services/test|standalone/test|ingestion/test|stream-processing/test)',
    ),
    only('cassandra-door', 'cassandra-driver', '^(database/(src/cassandra|test)|services/test|standalone/test|stream-processing/test)'),
    only('kubernetes-door', '@kubernetes/client-node', '^ingestion/src/kubernetes-lease\\.ts$'),
    only('cdktf-door', '(cdktf|cdktn|@cdktf|constructs)', '^infrastructure/'),
    only('object-store-door', '@aws-sdk', '^visualization/(src/export/bucket-destination\\.ts$|test/)'),
    only('parquet-door', 'hyparquet(-writer)?', '^(visualization|standalone)/(src/export/parquet-file\\.ts$|test/)'),
    only('nodemailer-door', 'nodemailer', '^stream-processing/src/notifier/'),
    only('fastify-door', 'fastify', '^visualization/'),
    only('grafana-door', '@grafana/grafana-foundation-sdk', '^visualization/src/dashboards/'),
    {
      name: 'dashboards-are-made-before',
      severity: 'error',
      comment: 'what they need is no part of an image',
      from: { path: '/src/', pathNot: '^visualization/src/(dashboards|grafana-check)/' },
      to: { path: '^visualization/src/(dashboards|grafana-check)/' },
    },
    { name: 'no-test-in-source', severity: 'error', from: { path: '/src/' }, to: { path: '/test/' } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^visualization/src/browser/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
      extensions: ['.ts', '.js'],
    },
    combinedDependencies: true,
  },
};
