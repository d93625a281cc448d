/** Secrets that can be found again wherever they come out, and in whatever spelling. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAddress } from '@tapeline/core/addresses';
import { type SettingName, settings } from '@tapeline/core/settings';

const names = Object.keys(settings) as SettingName[];

/** The settings that are secrets. */
export const secretSettings = names.filter(name => 'secret' in settings[name]);

/** The settings that are addresses, which people may write a secret into. */
export const addressSettings = names.filter(isAddress);

/**
 * The part of a setting's canary that no encoding of addresses, JSON or XML changes: 22 letters and digits, so that half of it could
 * stand in for it.
 */
export function canary(name: SettingName): string {
  return `canary${name.replaceAll('_', '').toLowerCase()}x7Qz9Kw3`.slice(-22);
}

/** Where a canary stands in some texts or files: `stderr has canary… in base64`. Empty when it stands nowhere. */
export function leaksIn(places: Readonly<Record<string, string | Buffer>>, names: readonly SettingName[]): readonly string[] {
  const leaks: string[] = [];
  for (const [place, content] of Object.entries(places)) {
    const text = typeof content === 'string' ? content : content.toString('latin1');
    const wide = typeof content === 'string' ? '' : content.toString('utf16le');
    for (const name of names) {
      for (const [spelling, form] of formsOf(canary(name))) {
        const at = text.indexOf(form);
        if (at >= 0) leaks.push(`${place} has ${name} (${spelling}): …${text.slice(Math.max(0, at - 120), at + form.length + 20)}`);
        else if (wide.includes(form)) leaks.push(`${place} has ${name} (${spelling}, two bytes each)`);
      }
    }
  }
  return leaks;
}

/** All files below a folder with what is in them. */
export function filesBelow(folder: string): Readonly<Record<string, Buffer>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  return Object.fromEntries(files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name))]));
}

/** As it is, in hexadecimal digits, and in base64 behind any number of other bytes. */
function formsOf(text: string): readonly (readonly [string, string])[] {
  const shifted = [0, 1, 2].map(count => {
    const bytes = Buffer.concat([Buffer.alloc(count), Buffer.from(text)]);
    // The first characters and the last ones hold bits of the neighbours.
    return ['base64', bytes.toString('base64url').slice(Math.ceil((count * 8) / 6), Math.floor((bytes.length * 8) / 6))] as const;
  });
  return [['plain', text], ['hex', Buffer.from(text).toString('hex')], ...shifted];
}
