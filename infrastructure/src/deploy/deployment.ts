/**
 * This file brings Tapeline into a cluster that is there: the steps of `kind:up`, and of the tests on a real node, which only load
 * images in another way.
 */
import type { Environment } from '../environments.ts';
import { type SynthesisedStack, synthesise } from '../synthesis.ts';
import { ensureGrafanaAdmin, type Kubectl, waitUntilReady } from './cluster.ts';
import type { ProcessVariables } from './program.ts';
import { apply, destroy, initialise, type TerraformOptions } from './terraform.ts';

export interface DeploymentOptions {
  readonly environment: Environment;
  /** Folder for the synthesised stacks; their state lies beside it, in `terraform-state`. */
  readonly outdir: string;
  readonly kubeconfig: string;
  readonly context: string;
  readonly kubectl: Kubectl;
  /** Of Terraform and the programs that it starts. */
  readonly processVariables: ProcessVariables;
  /** Changes a stack's folder before Terraform sees it. Tests need it for other versions of the providers. */
  readonly prepare?: (stack: SynthesisedStack) => void;
  readonly show?: (text: string) => void;
  readonly readyWithinSeconds: number;
  readonly signal?: AbortSignal;
}

/** Synthesises, applies stack by stack, and returns when everything is ready. Doing it again changes only what changed. */
export async function deploy(options: DeploymentOptions): Promise<readonly SynthesisedStack[]> {
  const stacks = synthesisedFor(options);
  for (const stack of stacks) {
    if (stack.name.endsWith('-pipeline')) await ensureGrafanaAdmin(options.kubectl);
    await initialise(terraformOptions(stack, options));
    await apply(terraformOptions(stack, options));
  }
  await waitUntilReady(options.kubectl, options.readyWithinSeconds);
  return stacks;
}

/** Removes our releases; volumes, namespaces and operators stay. */
export async function withdraw(options: DeploymentOptions): Promise<void> {
  const pipeline = synthesisedFor(options).filter(({ name }) => name.endsWith('-pipeline'));
  for (const stack of pipeline) {
    await initialise(terraformOptions(stack, options));
    await destroy(terraformOptions(stack, options));
  }
}

/** How Terraform runs in one of the stacks. */
export function terraformOptions(stack: SynthesisedStack, options: DeploymentOptions): TerraformOptions {
  const { kubeconfig, context, processVariables, show, signal } = options;
  return { directory: stack.directory, variables: { kubeconfig, kube_context: context }, environment: processVariables, show, signal };
}

/** The stacks of the environment, prepared for Terraform. */
export function synthesisedFor({ environment, outdir, prepare }: DeploymentOptions): readonly SynthesisedStack[] {
  const stacks = synthesise({ outdir, environments: [environment] });
  for (const stack of stacks) prepare?.(stack);
  return stacks;
}
