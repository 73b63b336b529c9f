// Elements without markup in strings: nothing that a server or a person says is ever parsed as HTML.

export const byId = (id) => document.getElementById(id);

/** h('button', { type: 'button', disabled: true, click: listener }, 'Revoke'): functions listen; what is false
 *  or nothing is left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function')
      element.addEventListener(name, value);
    else if (isThere(value))
      element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter(isThere));
  return element;
}

const isThere = (value) => value !== false && value !== null && value !== undefined;

/** Fills a live region; tone is 'good', 'bad' or 'plain'. */
export function say(region, text, tone = 'good') {
  region.dataset.tone = tone;
  region.textContent = text;
}

/** The button shows that something is under way, and takes no second click meanwhile. Not `disabled`: that would
 *  take the focus away. */
export async function busyWhile(button, work) {
  if (button.getAttribute('aria-busy') === 'true')
    return undefined;
  const { busy } = button.dataset;
  const label = [...button.childNodes];
  button.setAttribute('aria-busy', 'true');
  if (busy)
    button.replaceChildren(busy);
  try {
    return await work();
  } finally {
    button.removeAttribute('aria-busy');
    if (busy) // else what it says is the work's own
      button.replaceChildren(...label);
  }
}

/** A button that copies text, and says so. */
export function copyButton(text, what) {
  const label = h('span', { 'aria-live': 'polite' }, 'Copy');
  return h('button', {
    class: 'button small', type: 'button', 'data-icon': 'copy', 'aria-label': `Copy ${what}`,
    click: async (event) => {
      const { currentTarget: button } = event;
      const copied = await copy(text);
      label.textContent = copied ? 'Copied' : 'Press Ctrl+C';
      button.setAttribute('aria-label', copied ? `Copied ${what}` : `Select and copy ${what} yourself`);
      setTimeout(() => {
        label.textContent = 'Copy';
        button.setAttribute('aria-label', `Copy ${what}`);
      }, 2500);
    },
  }, label);
}

// Without TLS there is no navigator.clipboard; the old command still copies a selection.
async function copy(text) {
  if (navigator.clipboard)
    return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = h('textarea', { class: 'visually-hidden', readonly: true }, text);
  const { activeElement } = document;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  activeElement?.focus();
  return copied;
}

/** Asks in a dialog; true when the answer is yes. */
export function confirmed(title, text, yes) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-text', close: () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    } },
    h('form', { method: 'dialog' },
      h('h2', { id: 'confirm-title' }, title),
      h('p', { id: 'confirm-text' }, text),
      h('div', { class: 'actions end' },
        h('button', { class: 'button', value: 'no' }, 'Cancel'),
        h('button', { class: 'button danger solid', value: 'yes' }, yes))));
    document.body.append(dialog);
    dialog.showModal();
  });
}
