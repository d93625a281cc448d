/** This file says where a stack keeps its state. */
import { GcsBackend, LocalBackend, S3Backend, type TerraformStack } from 'cdktf';
import { terraformVersion } from '../versions.ts';

/** A folder beside the synthesised one, a bucket of S3 with a lock file beside the state, or a bucket of GCS, which locks by itself. */
export type StateLocation =
  | { readonly kind: 'local' }
  | { readonly kind: 's3'; readonly bucket: string; readonly region: string }
  | { readonly kind: 'gcs'; readonly bucket: string };

/**
 * Gives the stack its backend and the Terraform that it needs.
 *
 * A local state lies three folders above the stack's, outside of what synthesis writes, and is found by a relative path.
 */
export function keepState(stack: TerraformStack, location: StateLocation): void {
  const name = stack.node.id;
  stack.addOverride('terraform.required_version', terraformVersion);
  if (location.kind === 'local') {
    new LocalBackend(stack, { path: `../../../terraform-state/${name}.tfstate` });
    return;
  }
  if (location.kind === 'gcs') {
    new GcsBackend(stack, { bucket: location.bucket, prefix: `tapeline/${name}` });
    return;
  }
  new S3Backend(stack, { bucket: location.bucket, region: location.region, key: `tapeline/${name}.tfstate`, encrypt: true });
  // Bindings of 2025 do not know it; without it two people could apply at once.
  stack.addOverride('terraform.backend.s3.use_lockfile', true);
}
