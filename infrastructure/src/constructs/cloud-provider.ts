/** This file declares a Terraform provider that only modules use, so that no bindings are needed for it. */
import { TerraformProvider } from 'cdktf';
import type { Construct } from 'constructs';
import type { PinnedProvider } from '../versions.ts';

export interface CloudProviderProps {
  readonly provider: PinnedProvider;
  /** Of the provider's block, as Terraform spells them. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** `aws` or `google`: where and as whom modules make things. Credentials come from the environment, never from here. */
export class CloudProvider extends TerraformProvider {
  readonly #attributes: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: CloudProviderProps) {
    const { source, version } = props.provider;
    const name = source.split('/').at(-1) ?? source;
    super(scope, id, {
      terraformResourceType: name,
      terraformGeneratorMetadata: { providerName: name, providerVersion: version, providerVersionConstraint: version },
      terraformProviderSource: source,
    });
    this.#attributes = props.attributes;
  }

  protected override synthesizeAttributes(): Record<string, string> {
    return { ...this.#attributes };
  }
}
