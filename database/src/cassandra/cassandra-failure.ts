/** What the driver's errors mean: which of them may pass, and what somebody has to do about the others. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { codeOf, tlsRemedy } from '@tapeline/core/tls-faults';
import cassandra from 'cassandra-driver';
import { NeverSettled } from './attempt-deadline.ts';

const { errors, types } = cassandra;

const passing: ReadonlySet<number> = new Set([
  types.responseErrorCodes.serverError,
  types.responseErrorCodes.unavailableException,
  types.responseErrorCodes.overloaded,
  types.responseErrorCodes.isBootstrapping,
  types.responseErrorCodes.truncateError,
  types.responseErrorCodes.writeTimeout,
  types.responseErrorCodes.readTimeout,
  types.responseErrorCodes.readFailure,
  types.responseErrorCodes.writeFailure,
]);

/**
 * `store.unavailable`, retriable unless the credentials or rights are at fault. An error that says that our CQL is wrong stays what it
 * is: that is a programming error.
 */
export function cassandraFailure(error: unknown, contactPoints: readonly string[]): unknown {
  const where = contactPoints.join(', ');
  if (error instanceof errors.NoHostAvailableError) return noHost(error, where);
  if (error instanceof errors.AuthenticationError) return refused(error, where);
  if (error instanceof errors.ResponseError) return fromServer(error, where);
  if (error instanceof errors.OperationTimedOutError || error instanceof errors.BusyConnectionError || error instanceof NeverSettled) {
    return unavailable(`Cassandra at ${where} did not answer in time: ${reasonOf(error)}`, error);
  }
  if (isOfSocket(error)) return unavailable(`the connection to Cassandra at ${where} ended before its answer: ${reasonOf(error)}`, error);
  return error;
}

/** What the driver gives for a statement that it may not repeat by itself; for any other it asks the next node. */
function isOfSocket(error: unknown): boolean {
  return error instanceof Error && 'isSocketError' in error && error.isSocketError === true;
}

/** True for a batch beyond `batch_size_fail_threshold`, which only counts batches over several partitions. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof errors.ResponseError && error.code === types.responseErrorCodes.invalid && /batch too large/i.test(error.message);
}

/** True where Cassandra takes a statement for wrong, for want of a table among others. */
export function isInvalid(error: unknown): boolean {
  return error instanceof errors.ResponseError && error.code === types.responseErrorCodes.invalid;
}

/** The error for a keyspace or tables that are not there, with what to do. */
export function schemaMissing(keyspace: string, what: string): PipelineError {
  return new PipelineError(
    'store.schema-missing',
    `keyspace ${keyspace} ${what}: run the migrations (npm run migrations -- migrate, in the cluster the Job does it)`,
    { retriable: true, fields: { keyspace } },
  );
}

/** A retriable `store.unavailable`. */
export function unavailable(message: string, cause?: unknown): PipelineError {
  return new PipelineError('store.unavailable', message, { retriable: true, cause });
}

function noHost(error: InstanceType<typeof errors.NoHostAvailableError>, where: string): PipelineError {
  const inner = Object.entries((error.innerErrors ?? {}) as Readonly<Record<string, unknown>>);
  const refusal = inner.find(([, reason]) => reason instanceof errors.AuthenticationError);
  if (refusal !== undefined) return refused(refusal[1], where);
  for (const [, reason] of inner) {
    const remedy = tlsRemedy(codeOf(reason), { tls: 'CASSANDRA_TLS', ca: 'CASSANDRA_CA_FILE', addresses: 'CASSANDRA_CONTACT_POINTS' });
    if (remedy === undefined) continue;
    const message = `no connection to Cassandra at ${where}: ${reasonOf(reason)}: ${remedy}`;
    return new PipelineError('store.unavailable', message, { retriable: false, cause: error });
  }
  const reasons = inner.length === 0 ? reasonOf(error) : inner.map(([host, reason]) => `${host}: ${reasonOf(reason)}`).join('; ');
  return unavailable(
    `no node of Cassandra at ${where} answered (${reasons}): it is tried again; check that it runs, can be reached, and both sides agree about TLS (CASSANDRA_TLS)`,
    error,
  );
}

function fromServer(error: InstanceType<typeof errors.ResponseError>, where: string): unknown {
  if (passing.has(error.code)) return unavailable(`Cassandra at ${where} could not do it now: ${error.message}`, error);
  if (error.code === types.responseErrorCodes.badCredentials) return refused(error, where);
  if (error.code === types.responseErrorCodes.unauthorized) return forbidden(error, where);
  if (isInvalid(error) && /exceeds maximum supported expiration date/i.test(error.message)) return tooLongKept(error, where);
  return error;
}

function refused(error: unknown, where: string): PipelineError {
  return new PipelineError(
    'store.unavailable',
    `Cassandra at ${where} refused this user: ${reasonOf(error)}: check CASSANDRA_USERNAME and CASSANDRA_PASSWORD`,
    { retriable: false, cause: error },
  );
}

function forbidden(error: unknown, where: string): PipelineError {
  return new PipelineError(
    'store.unavailable',
    `Cassandra at ${where} forbids it to this user: ${reasonOf(error)}: take the login of the process (CASSANDRA_USERNAME); docs/security.md ` +
      'lists what each may do. Tables are made and dropped by the migrations (migrate; before a rebuild migrate --spare; drop)',
    { retriable: false, cause: error },
  );
}

/** A server that can still go back to version 4 counts in 31 bits until when a row is kept. */
function tooLongKept(error: Error, where: string): PipelineError {
  return new PipelineError(
    'store.unavailable',
    `Cassandra at ${where} keeps no tick beyond its last expiration date: ${error.message}: set CASSANDRA_TICK_RETENTION_DAYS lower, so that ticks ` +
      'expire before 2038-01-19, or storage_compatibility_mode to NONE in its cassandra.yaml, where version 5 is not to go back to 4',
    { retriable: false, cause: error },
  );
}
