/** Writes small files so that they are whole and still there after a crash of the process or of the machine. */
import { open } from 'node:fs/promises';

/** Writes a file of its own, not yet under a name that anybody reads. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Makes names durable: what was linked, renamed or removed in a folder stays so. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
