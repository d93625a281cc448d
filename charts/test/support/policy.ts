/** A rule that every rendered release keeps, and the proof that it would notice. */
import type { KubernetesObject } from './kubernetes-objects.ts';
import type { Rendering } from './rendering.ts';

export interface Policy {
  /** A fact, in a plain sentence. */
  readonly name: string;
  /** One line for each fault, beginning with the object; none when the rule is kept. */
  check(rendering: Rendering): readonly string[];
  /** Changes to a good release, each of which the rule must refuse. */
  readonly mutants: readonly Mutant[];
}

export interface Mutant {
  readonly name: string;
  /** The rendering that is changed, as `ingester/tls`. */
  readonly of: string;
  /** Changes the objects in place, or returns others. */
  mutate(objects: KubernetesObject[]): KubernetesObject[] | undefined;
}

/** The only object of a kind that has this name. @throws Error when there is none. */
export function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find(object => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

/** The pod of a workload, to be changed. */
function podSpecOf(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject['spec'] {
  return find(objects, kind, name).spec.template.spec;
}

/** A mutant of a Deployment's pod. */
export function podMutant(name: string, of: string, change: (spec: KubernetesObject['spec']) => void): Mutant {
  const [deployment = ''] = of.split('/');
  return {
    name,
    of,
    mutate: objects => {
      change(podSpecOf(objects, 'Deployment', deployment));
      return undefined;
    },
  };
}
