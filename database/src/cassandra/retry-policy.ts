/** Retries inside the driver; beyond them the caller decides by `retriable`. */
import cassandra, { type policies, type types } from 'cassandra-driver';

const maxRetries = 3;

/**
 * A write that timed out is sent again: it carries its own write time, or a condition that orders it, so that a second copy changes
 * nothing. The driver asks only for statements that are marked as idempotent.
 */
export class RepeatWrites extends cassandra.policies.retry.RetryPolicy {
  override onWriteTimeout(info: policies.retry.OperationInfo, consistency: types.consistencies): policies.retry.DecisionInfo {
    return info.nbRetry < maxRetries ? this.retryResult(consistency, true) : this.rethrowResult();
  }

  override onReadTimeout(info: policies.retry.OperationInfo, consistency: types.consistencies): policies.retry.DecisionInfo {
    return info.nbRetry < maxRetries ? this.retryResult(consistency, true) : this.rethrowResult();
  }

  override onUnavailable(info: policies.retry.OperationInfo, consistency: types.consistencies): policies.retry.DecisionInfo {
    return info.nbRetry < maxRetries ? this.retryResult(consistency, false) : this.rethrowResult();
  }
}
