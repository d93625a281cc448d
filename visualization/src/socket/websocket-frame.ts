/** Frames of a server (RFC 6455, section 5.2): unmasked, in one piece. */

export const opcodes = { text: 1, binary: 2 } as const;

/** Bytes of the longest head. */
export const longestHead = 10;

/**
 * Writes the head of a frame in front of its payload.
 * @param payloadStart has {@link longestHead} bytes before it
 * @returns where the frame begins
 */
export function writeHead(bytes: Buffer, payloadStart: number, payloadLength: number, opcode: number): number {
  const start = payloadStart - headLength(payloadLength);
  bytes[start] = 0x80 | opcode;
  if (payloadLength < 126) bytes[start + 1] = payloadLength;
  else if (payloadLength <= 0xffff) {
    bytes[start + 1] = 126;
    bytes.writeUInt16BE(payloadLength, start + 2);
  } else {
    bytes[start + 1] = 127;
    bytes.writeBigUInt64BE(BigInt(payloadLength), start + 2);
  }
  return start;
}

/** A whole frame of text. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headLength(length) + length);
  writeHead(frame, frame.length - length, length, opcodes.text);
  frame.write(text, frame.length - length);
  return frame;
}

function headLength(payloadLength: number): number {
  if (payloadLength < 126) return 2;
  return payloadLength <= 0xffff ? 4 : 10;
}
