/** What kafkajs' errors mean: which will pass by themselves, and which need somebody. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { codeOf, tlsRemedy } from '@tapeline/core/tls-faults';

/** Kafka's error names that no repetition cures. */
const lasting: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'SECURITY_DISABLED',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_CONFIG',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'INCONSISTENT_GROUP_PROTOCOL',
  'GROUP_MAX_SIZE_REACHED',
  'POLICY_VIOLATION',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'UNSUPPORTED_VERSION',
]);

/** kafkajs' name for any refusal of a login. */
const loginRefused = 'KafkaJSSASLAuthenticationError';

/** After these the broker has forgotten the producer's sequence numbers: only a new producer is believed. */
const forgotten: ReadonlySet<string> = new Set(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_EPOCH']);

/** Kafka's name of the error (`NOT_LEADER_FOR_PARTITION`), or kafkajs' name of its own (`KafkaJSConnectionError`). */
export function failureType(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('type' in error && typeof error.type === 'string') return error.type;
  if ('errors' in error && Array.isArray(error.errors)) return failureType(error.errors[0]);
  const cause = 'cause' in error && error.cause !== error ? failureType(error.cause) : undefined;
  if (cause !== undefined) return cause;
  return 'name' in error && typeof error.name === 'string' ? error.name : undefined;
}

/** True when no repetition cures it. */
export function isLasting(error: unknown): boolean {
  const type = failureType(error);
  if (type !== undefined && (lasting.has(type) || type === loginRefused)) return true;
  return certificateRemedy(error) !== undefined;
}

/** True when the broker no longer knows the producer that wrote. */
export function isForgottenProducer(error: unknown): boolean {
  return forgotten.has(failureType(error) ?? '');
}

/** True when the broker has written these records before. */
export function isRepeatedWrite(error: unknown): boolean {
  return failureType(error) === 'DUPLICATE_SEQUENCE_NUMBER';
}

/** True when the topic, or the partition, is not there (or not yet everywhere). */
export function isUnknownTopic(error: unknown): boolean {
  return failureType(error) === 'UNKNOWN_TOPIC_OR_PARTITION';
}

/** `log.unavailable` with what was attempted and the remedy. */
export function kafkaFailure(error: unknown, attempted: string, fields: Readonly<Record<string, unknown>> = {}): PipelineError {
  if (error instanceof PipelineError) return error;
  const type = failureType(error);
  const retriable = !isLasting(error);
  const remedy = certificateRemedy(error) ?? remedyFor(type, retriable);
  return new PipelineError('log.unavailable', `${attempted} failed: ${reasonOf(error)}: ${remedy}`, {
    retriable,
    cause: error,
    fields: { ...fields, type },
  });
}

function remedyFor(type: string | undefined, retriable: boolean): string {
  if (retriable)
    return 'check that the brokers are up, KAFKA_BROKERS names them, and both sides agree about TLS and login (KAFKA_TLS, KAFKA_SASL_MECHANISM)';
  if (type === loginRefused || type?.includes('SASL')) return 'check KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD';
  if (type?.endsWith('_AUTHORIZATION_FAILED')) {
    return "this user lacks a right that docs/security.md lists: give it, or take the process's own user (KAFKA_USERNAME)";
  }
  if (type === 'INVALID_TIMESTAMP') return "this machine's clock is far from the brokers': set it right (NTP), then start again";
  return 'check the rights and settings of this client';
}

/** A certificate that is refused now is refused again; a process that ends and comes back reads KAFKA_CA_FILE anew. */
function certificateRemedy(error: unknown): string | undefined {
  return tlsRemedy(codeOf(error), { tls: 'KAFKA_TLS', ca: 'KAFKA_CA_FILE', addresses: 'KAFKA_BROKERS' });
}

/** `log.unavailable` for a topic that nobody created; `partition` when only that one is missing. */
export function missingTopic(topic: string, partition?: number): PipelineError {
  const what = partition === undefined ? `topic ${topic} does not exist` : `topic ${topic} has no partition ${partition}`;
  return new PipelineError('log.unavailable', `${what} in Kafka: create it first`, { retriable: false, fields: { topic, partition } });
}
