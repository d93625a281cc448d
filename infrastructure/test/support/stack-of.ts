/** A stack of one construct, as Terraform would read it. */
import { TerraformStack, Testing } from 'cdktf';
import { isMap, type Json, type JsonMap, withoutMetadata } from './json.ts';

export function stackOf(make: (scope: TerraformStack) => unknown): JsonMap {
  const stack = new TerraformStack(Testing.app(), 'test');
  make(stack);
  const json = withoutMetadata(JSON.parse(Testing.synth(stack)) as Json);
  return isMap(json) ? json : {};
}
