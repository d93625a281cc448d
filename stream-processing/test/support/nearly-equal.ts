/** Equality that forgives another order of additions in the values that are derived, and nothing else. */

/** Derived values, and how far apart they may be: relative to themselves, or to the price that they were made of. */
const derivedValues = new Set(['vwap', 'spreadMean', 'indicators']);
const relative = 1e-10;

/** True when both are equal but for the last digits of derived values, and of the sums of volumes that are no eighths. */
export function equalButForRounding(given: unknown, wanted: unknown): boolean {
  return areEqual(given, wanted, 0, '');
}

function areEqual(given: unknown, wanted: unknown, scale: number, name: string): boolean {
  if (typeof given === 'number' && typeof wanted === 'number') return areNear(given, wanted, scale, name);
  if (typeof given !== 'object' || typeof wanted !== 'object' || given === null || wanted === null) return given === wanted;
  if (Array.isArray(given) !== Array.isArray(wanted)) return false;
  const price = 'high' in given && typeof given.high === 'number' ? given.high : scale;
  const names = new Set([...definedNames(given), ...definedNames(wanted)]);
  return [...names].every(next => {
    const isDerived = derivedValues.has(next) || name === 'indicators';
    return areEqual(Reflect.get(given, next), Reflect.get(wanted, next), isDerived ? price : 0, isDerived ? 'indicators' : next);
  });
}

function areNear(given: number, wanted: number, scale: number, name: string): boolean {
  if (given === wanted) return true;
  const distance = Math.abs(given - wanted);
  if (name === 'volume' && !isEighth(wanted)) return distance <= relative * Math.max(given, wanted);
  return distance <= relative * Math.max(Math.abs(given), Math.abs(wanted), scale);
}

function isEighth(value: number): boolean {
  return Number.isInteger(value * 8);
}

function definedNames(value: object): readonly string[] {
  return Object.entries(value).flatMap(([name, field]) => (field === undefined ? [] : [name]));
}
