/** Small disks for servers, which can be filled and freed: memory of the machine, mounted where a server keeps its data. Needs root. */
import { execFile } from 'node:child_process';
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const chunk = Buffer.alloc(65_536);

export class Disk {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Mounts it on `folder`, which is made. @returns `undefined` where that is not allowed */
  static async mount(folder: string, megabytes: number): Promise<Disk | undefined> {
    await mkdir(folder, { recursive: true });
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tapeline-chaos', folder]);
      return new Disk(folder);
    } catch {
      return undefined;
    }
  }

  /** Takes all that is free. */
  async fill(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    await run('fallocate', ['-l', String(Math.max(1, bavail) * bsize), this.#filler]).catch(() => undefined);
    await this.topUp();
  }

  /** Takes what became free since. */
  async topUp(): Promise<void> {
    const file = await open(this.#filler, 'a');
    try {
      for (;;) await file.write(chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await file.close();
    }
  }

  async free(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  async unmount(): Promise<void> {
    await run('umount', ['-l', this.#folder]);
  }

  get #filler(): string {
    return join(this.#folder, 'filler');
  }
}
