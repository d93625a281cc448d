/** As much of WebAssembly as the fold uses: Node has it, its types do not. */
declare namespace WebAssembly {
  class Module {
    constructor(code: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, (...values: never[]) => unknown>>>>);
    readonly exports: unknown;
  }
}
