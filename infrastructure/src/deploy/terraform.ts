/** This file drives Terraform in the folder of a synthesised stack. */
import { type ProcessVariables, runProgram } from './program.ts';

export interface TerraformOptions {
  /** Of the stack: it holds cdk.tf.json. */
  readonly directory: string;
  /** Values of the stack's variables, as `kubeconfig`. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly environment: ProcessVariables;
  /** Gets what Terraform prints. */
  readonly show?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a plan would do to a resource, as `helm_release.ingester_release_CC1F5877`. */
export interface PlannedChange {
  readonly address: string;
  readonly actions: readonly string[];
}

const CHANGES = 2;

/** Fetches providers and checks the configuration. */
export async function initialise(options: TerraformOptions): Promise<void> {
  await terraform(['init'], options);
  await terraform(['validate'], options);
}

/** Makes the cluster what the stack says. */
export async function apply(options: TerraformOptions): Promise<void> {
  await terraform(['apply', '-auto-approve'], options);
}

/** What an apply would change; nothing when the cluster is what the stack says. */
export async function plannedChanges(options: TerraformOptions): Promise<readonly PlannedChange[]> {
  const file = 'changes.tfplan';
  const { code } = await terraform(['plan', '-detailed-exitcode', `-out=${file}`], options, [CHANGES]);
  if (code === 0) return [];
  const { text } = await terraform(['show', '-json', file], { ...options, show: undefined });
  const plan = JSON.parse(text) as {
    readonly resource_changes?: readonly { readonly address: string; readonly change: { readonly actions: readonly string[] } }[];
  };
  const changes = (plan.resource_changes ?? []).map(({ address, change }) => ({ address, actions: change.actions }));
  return changes.filter(({ actions }) => actions.some(action => action !== 'no-op' && action !== 'read'));
}

/** Removes what the stack made. */
export async function destroy(options: TerraformOptions): Promise<void> {
  await terraform(['destroy', '-auto-approve'], options);
}

function terraform(args: readonly string[], options: TerraformOptions, answers: readonly number[] = []) {
  const { directory, variables = {}, environment, show, signal } = options;
  const given = Object.fromEntries(Object.entries(variables).map(([name, value]) => [`TF_VAR_${name}`, value]));
  const settings = { ...environment, ...given, TF_IN_AUTOMATION: '1', TF_INPUT: '0', CHECKPOINT_DISABLE: '1' };
  const [command = '', ...flags] = args;
  return runProgram('terraform', [command, ...(command === 'show' ? [] : ['-no-color']), ...flags], {
    directory,
    environment: settings,
    answers,
    show,
    signal,
  });
}
