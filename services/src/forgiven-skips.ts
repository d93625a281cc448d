/**
 * This file tells skipped tests that are forgiven, in CI too, from others: by their name, which is all that jest's report keeps of them.
 *
 * Forgiven is what this repository cannot bring itself: the shared folder, a former version. Anything else that is skipped in CI is a failure.
 */

/** What the name of a forgiven test begins with; the reason follows. */
export const forgivenSkip = 'did not run: ';

/** Jest's report (`--json`), as far as it is read here. */
export interface JestReport {
  readonly testResults?: readonly { readonly assertionResults?: readonly { readonly title: string; readonly status: string }[] }[];
}

/** How many tests of the report were skipped and are forgiven. */
export function countForgiven({ testResults = [] }: JestReport): number {
  const tests = testResults.flatMap(({ assertionResults = [] }) => assertionResults);
  return tests.filter(({ title, status }) => status === 'pending' && title.startsWith(forgivenSkip)).length;
}
