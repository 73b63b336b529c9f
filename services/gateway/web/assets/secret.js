// A secret that is shown once, to be copied now.

import { copyButton, h } from './dom.js';

/** what: "token"; command: a line that uses it, if there is one. The card takes the focus, so that it is read out. */
export function secretCard(title, what, secret, command) {
  return h('section', { class: 'card secret', tabindex: '-1', 'aria-label': title },
    h('h3', {}, title),
    h('p', { class: 'hint' }, 'Copy it now: it is not shown again.'),
    line(secret, what),
    command && h('p', { class: 'hint' }, 'Try it in a terminal:'),
    command && line(command, 'command'));
}

function line(text, what) {
  return h('div', { class: 'copyable' },
    h('code', { id: `new-${what}-text`, tabindex: '0', role: 'group', 'aria-label': what }, text),
    copyButton(text, what));
}
