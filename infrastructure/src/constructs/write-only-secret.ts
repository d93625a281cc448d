/** This file hands a secret to the cluster so that neither state nor plan holds it. */
import { SecretV1 } from '@cdktf/provider-kubernetes/lib/secret-v1/index.js';
import { PipelineError } from '@tapeline/core/errors';
import { TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';
import { standardLabels } from '../names.ts';

export interface WriteOnlySecretProps {
  readonly name: string;
  readonly namespace: string;
  readonly key: string;
  /** Variable that holds the value while Terraform runs: `TF_VAR_<variable>`. */
  readonly variable: string;
  /** Raise it with a new value: Terraform cannot see that a value changed which it does not keep. */
  readonly revision: number;
}

/** A Secret made of an ephemeral variable and a write-only attribute. */
export class WriteOnlySecret extends Construct {
  constructor(scope: Construct, id: string, props: WriteOnlySecretProps) {
    super(scope, id);
    if (!Number.isInteger(props.revision) || props.revision < 1) {
      const message = `WriteOnlySecret ${props.name}: revision must be a whole number from 1, was ${props.revision}`;
      throw new PipelineError('configuration.invalid', message, { retriable: false });
    }
    const value = new TerraformVariable(this, 'value', {
      type: 'string',
      sensitive: true,
      description: `value of ${props.key} in Secret ${props.name}; kept by the cluster alone`,
    });
    value.overrideLogicalId(props.variable);
    value.addOverride('ephemeral', true);
    new SecretV1(this, 'secret', {
      metadata: { name: props.name, namespace: props.namespace, labels: standardLabels(props.name) },
      type: 'Opaque',
      dataWo: { [props.key]: value.stringValue },
      dataWoRevision: props.revision,
    });
  }
}
