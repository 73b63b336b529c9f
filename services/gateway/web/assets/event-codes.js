// The event's access codes: made one or many at once, listed with what became of them, changed, revoked.

import { create, get, patch, remove, serverNow } from './api.js';
import { grouped } from './access-code.js';
import { busyWhile, byId, confirmed, copyButton, h, say } from './dom.js';
import { endOf } from './extend.js';
import { fault, onSubmit } from './form.js';
import { ago, count, inputTime, moment } from './format.js';
import { attempt } from './session.js';

const PAGE = 100;
const PHOTOS_AT_ONCE = 1000;
const LABELS_MAX = 500;

/** choosePhotos(code, ids) lets them be chosen in the grid, once all are there. */
export function startCodes(page, { choosePhotos }) {
  const list = byId('code-list');
  const message = byId('codes-message');
  const more = byId('more-codes');
  const codes = new Map();
  let cursor = null;
  let chosen = []; // ids of the photos a new code opens; empty: all
  let changing = null; // the code that the dialog is about; null: a new one
  let until = {}; // {value, expires_in}: what was made of the field's value

  byId('codes-csv').href = `/api/${page.path('/codes.csv')}`;
  byId('codes-cards').href = `/api/${page.path('/cards')}`;

  // --- the list ---

  async function load(again = false) {
    const query = new URLSearchParams({ limit: PAGE, ...(cursor && !again && { cursor }) });
    const answer = await attempt(message, () => get(page.path(`/codes?${query}`)));
    if (!answer)
      return;
    if (again) {
      codes.clear();
      list.replaceChildren();
    }
    cursor = answer.next_cursor;
    more.hidden = !cursor;
    list.append(...answer.items.map(row));
    showEmpty();
  }

  function showEmpty() {
    byId('codes-empty').hidden = codes.size > 0;
    for (const id of ['codes-cards', 'codes-csv'])
      byId(id).hidden = codes.size === 0;
  }

  function row(code) {
    const dead = code.revoked_at ? 'revoked' : endOf(code) <= serverNow() ? 'expired' : '';
    const button = (text, label, work, tone = '') => h('button', {
      class: `button small ${tone}`, type: 'button', 'aria-label': `${label} ${code.label}`,
      click: ({ currentTarget }) => busyWhile(currentTarget, () => attempt(message, work)),
    }, text);
    const element = h('li', { class: dead ? 'dead' : false, 'data-id': code.id },
      h('div', { class: 'code-head' },
        h('h3', {}, code.label),
        dead && h('span', { class: 'badge', 'data-tone': 'over' }, dead),
        code.all && h('span', { class: 'badge' }, 'all photos')),
      h('p', { class: 'code-text' }, h('code', { 'aria-label': [...code.access_code].join(' ') }, grouped(code.access_code))),
      h('p', { class: 'hint' },
        `${count(code.photos, 'photo')} · opened ${times(code.opens)} · ${count(code.downloads, 'download')}`,
        ...(code.last_used_at ? [' · used ', ago(code.last_used_at)] : [' · never used'])),
      endsEarly(code) && h('p', { class: 'hint' }, `Until ${moment(endOf(code))}`),
      h('div', { class: 'actions' },
        !dead && copyButton(`${code.url}#${code.access_code}`, `link of ${code.label}`),
        button('Photos…', 'Choose the photos of', () => edit(code)),
        button('Change…', 'Change', () => openDialog(code)),
        button(code.revoked_at ? 'Allow again' : 'Revoke', code.revoked_at ? 'Allow again' : 'Revoke', () => revoke(code)),
        button('Delete', 'Delete', () => erase(code), 'danger')));
    codes.set(code.id, { code, element });
    return element;
  }

  function show(code) {
    const old = codes.get(code.id)?.element;
    const fresh = row(code);
    old ? old.replaceWith(fresh) : list.prepend(fresh);
    showEmpty();
    return fresh;
  }

  const endsEarly = (code) => endOf(code) < endOf(page.event);
  const focusOn = (element, what) => element.querySelector(`.actions [aria-label^="${what}"]`)?.focus();
  const times = (n) => n === 0 ? 'never' : n === 1 ? 'once' : `${n.toLocaleString('en')} times`;

  // --- changing one ---

  async function edit(code) {
    const { media_ids: ids } = await get(page.path(`/codes/${code.id}`));
    await choosePhotos(code, code.all ? null : ids);
  }

  async function revoke(code) {
    const revoked = !code.revoked_at;
    if (revoked && !await confirmed(`Revoke the code of “${code.label}”?`,
      'Whoever has it is shut out at once. You can allow it again.', 'Revoke'))
      return;
    const { code: changed } = await patch(page.path(`/codes/${code.id}`), { revoked });
    focusOn(show(changed), revoked ? 'Allow again' : 'Revoke');
    say(message, revoked ? `${code.label} is shut out.` : `${code.label} may look again.`);
  }

  async function erase(code) {
    if (!await confirmed(`Delete the code of “${code.label}”?`, 'It stops working at once, and its counts are forgotten. Its photos stay.',
      'Delete code'))
      return;
    await remove(page.path(`/codes/${code.id}`));
    codes.get(code.id).element.remove();
    codes.delete(code.id);
    showEmpty();
    say(message, `The code of ${code.label} is deleted.`);
    byId('new-code').focus(); // the button that had it is gone
  }

  /** The code opens these photos from now on; ids may be many. */
  async function setPhotos(code, ids) {
    const path = page.path(`/codes/${code.id}`);
    let { code: changed } = await patch(path, { media_ids: ids.slice(0, PHOTOS_AT_ONCE) });
    changed = await addRest(changed, ids);
    show(changed);
    say(message, `${code.label} opens ${count(ids.length, 'photo')} now.`);
    return changed;
  }

  async function addRest(code, ids) {
    for (let at = PHOTOS_AT_ONCE; at < ids.length; at += PHOTOS_AT_ONCE)
      ({ code } = await patch(page.path(`/codes/${code.id}`), { add: ids.slice(at, at + PHOTOS_AT_ONCE) }));
    return code;
  }

  // --- the dialog, for a new one and for one that is there ---

  const dialog = byId('code-dialog');
  const form = byId('code-form');
  dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close());

  function openDialog(code) {
    changing = code;
    form.reset();
    byId('code-dialog-title').textContent = code ? `Code of ${code.label}` : 'New code';
    byId('code-save').textContent = code ? 'Save' : 'Make code';
    byId('code-opens').hidden = byId('code-length-field').hidden = Boolean(code);
    byId('code-choice').hidden = !code;
    form.elements.label.value = code?.label ?? '';
    form.elements.opens.value = code?.all ? 'all' : 'chosen';
    setUntil(form, code && endsEarly(code) ? endOf(code) : null);
    dialog.showModal();
  }

  /** The field for a code's own end; null: that of the event. */
  function setUntil({ elements: { expires_in: input } }, at) {
    until = {};
    input.value = input.defaultValue = at ? inputTime(at) : '';
    input.min = inputTime(Math.min(serverNow(), at ?? Infinity)); // what is over already may stay
    input.max = inputTime(endOf(page.event));
    byId(`${input.id}-hint`).textContent = `Empty: as long as the event, until ${moment(endOf(page.event))}.`;
  }

  /** {expires_in} when another time was chosen; as the API has it, 0 is the event's end. The same again when a request
   *  is repeated. */
  function untilIn({ elements: { expires_in: input } }) {
    if (input.value === input.defaultValue)
      return {};
    if (until.value !== input.value)
      until = { value: input.value, expires_in: input.value ? Math.round((new Date(input.value) - serverNow()) / 1000) : 0 };
    if (input.value && until.expires_in <= 0)
      throw fault('expires_in', 'is over already');
    return { expires_in: until.expires_in };
  }

  onSubmit(form, (values) => {
    const label = values.get('label').trim();
    return changing ? change(changing, label, values.get('opens') === 'all') : make(label, Number(values.get('length')));
  });

  async function change(code, label, all) {
    const { code: changed } = await patch(page.path(`/codes/${code.id}`), {
      ...(label !== code.label && { label }), ...(all !== code.all && { all }), ...untilIn(form),
    });
    dialog.close();
    focusOn(show(changed), 'Change');
    say(message, `The code of ${changed.label} is changed.`);
  }

  // --- new ones ---

  /** ids: what it opens; none: all, also later ones. */
  function ask(ids = []) {
    chosen = ids;
    byId('code-opens').textContent = ids.length > 0 ? `It opens the ${count(ids.length, 'photo')} you selected, and no others.` :
      'It opens all photos of this event, also those that come later. For some of them only, select those under Photos first.';
    openDialog(null);
  }

  async function make(label, length) {
    const ids = chosen;
    let { code } = await create(page.path('/codes'), {
      label, length, ...untilIn(form), ...(ids.length > 0 ? { media_ids: ids.slice(0, PHOTOS_AT_ONCE) } : { all: true }),
    });
    code = await addRest(code, ids);
    dialog.close();
    made(code);
    page.showTab('codes');
  }

  function made(code) {
    const element = show(code);
    element.classList.add('new');
    say(message, `The code of ${code.label} is ${grouped(code.access_code)}.`);
    requestAnimationFrame(() => element.querySelector('.actions button')?.focus());
    madeListeners.forEach((listener) => listener());
  }
  const madeListeners = [];

  byId('new-code').addEventListener('click', () => ask());

  const manyDialog = byId('many-dialog');
  const manyForm = byId('many-form');
  const { labels } = manyForm.elements;
  manyDialog.querySelector('[data-close]').addEventListener('click', () => manyDialog.close());
  byId('many-codes').addEventListener('click', () => {
    manyForm.reset();
    setUntil(manyForm, null);
    tellCount();
    manyDialog.showModal();
  });

  function tellCount() {
    const isTable = /^\uFEFF?"?label"?\s*([,;\t]|$)/im.test(labels.value.split('\n', 1)[0]);
    const lines = labels.value.split('\n').filter((line) => line.trim()).length - (isTable ? 1 : 0);
    byId('many-count').textContent = lines > 0 ? `${count(lines, 'code')}${lines > LABELS_MAX ? `: at most ${LABELS_MAX} at once` : ''}` : '';
  }
  labels.addEventListener('input', tellCount);

  byId('choose-many-file').addEventListener('click', () => byId('many-file').click());
  byId('many-file').addEventListener('change', async ({ target }) => {
    const [file] = target.files;
    if (!file)
      return;
    labels.value = withHeader((await file.text()).replace(/\r\n?/g, '\n').trimEnd());
    target.value = '';
    tellCount();
    labels.focus();
  });

  onSubmit(manyForm, async (values) => {
    const { codes: fresh } = await create(page.path('/codes'), {
      labels: values.get('labels').replace(/\r\n?/g, '\n'), length: Number(values.get('length')), ...untilIn(manyForm),
      ...(values.get('opens') === 'all' && { all: true }),
    });
    manyDialog.close();
    await load(true);
    say(message, `${count(fresh.length, 'code')} made.`);
    byId('many-codes').focus();
  });

  more.addEventListener('click', ({ currentTarget }) => busyWhile(currentTarget, () => load()));
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && !byId('codes').hidden && codes.size <= PAGE)
      load(true); // the counters
  });
  let end = endOf(page.event);
  page.heard((event) => {
    if (end === endOf(event))
      return;
    end = endOf(event);
    load(true); // with it they have another
  });
  load();

  return { ask, setPhotos, onMade: (listener) => madeListeners.push(listener) };
}

// The API takes a text whose first cell is "label" for a table; other tables are told to be one.
function withHeader(text) {
  const [first] = text.split('\n', 1);
  const separator = /[;,\t]/.exec(first.replace(/"[^"]*"/g, ''))?.[0];
  return !separator || /^\uFEFF?"?label\b/i.test(first) ? text : `label${separator}\n${text.replace(/^\uFEFF/, '')}`;
}
