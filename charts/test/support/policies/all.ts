/** Every policy, in the order in which a reader would ask. */
import type { Policy } from '../policy.ts';
import { exactImages, noSecrets, standardLabels } from './contents.ts';
import { challengesIn, flowsIn, flowsOut, narrowFlows } from './flows.ts';
import {
  dataStays,
  disruptionBudgets,
  gracePeriods,
  noServiceLinks,
  replaceableJobs,
  requestsAndLimits,
  threeProbes,
  zoneSpread,
} from './operation.ts';
import { leastRights, noTokens, ownServiceAccount, readOnlyRoot, restrictedPods, restrictedPools } from './pod-security.ts';

export const policies: readonly Policy[] = [
  restrictedPods,
  restrictedPools,
  readOnlyRoot,
  ownServiceAccount,
  noTokens,
  leastRights,
  requestsAndLimits,
  threeProbes,
  disruptionBudgets,
  zoneSpread,
  noServiceLinks,
  gracePeriods,
  replaceableJobs,
  dataStays,
  flowsIn,
  challengesIn,
  flowsOut,
  narrowFlows,
  exactImages,
  noSecrets,
  standardLabels,
];
