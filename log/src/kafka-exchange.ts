/** Requests as kafkajs 2.2.4 has them below its public face. */

/** kafkajs' growing buffer. */
export interface Encoder {
  /** What was written. */
  readonly buffer: Buffer;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeString(value: string | null): Encoder;
  writeBuffer(value: Buffer): Encoder;
}

export interface WireRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  encode(): Promise<Encoder>;
}

/** A request and the way to read what is answered. */
export interface Exchange<Answer> {
  readonly request: WireRequest;
  readonly response: {
    decode(bytes: Buffer): Promise<object>;
    /** @throws kafkajs' error for an error code in the answer. */
    parse(decoded: object): Promise<Answer>;
  };
  readonly requestTimeout?: number;
}
