/** The places of the page that the modules write to. */

/** The element of that id. @throws when the page lacks it. */
export function place(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element #${id}`);
  return element;
}

/** A new element with a class and a text. */
export function made(tag: string, className: string, text = ''): HTMLElement {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.textContent = text;
  return element;
}

/** A new button; `label` is what it is called where its text is only a sign. */
export function madeButton(className: string, text: string, label?: string): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = className;
  button.textContent = text;
  if (label !== undefined) {
    button.setAttribute('aria-label', label);
    button.title = label;
  }
  return button;
}

/** Writes a text where it changed: an unchanged cell costs no layout. */
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Tells a screen reader what it cannot see happen. */
export function announce(text: string): void {
  place('announcement').textContent = text;
}
