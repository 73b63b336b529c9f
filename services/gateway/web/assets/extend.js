// How long an event stays, and the dialog that changes it. An event is given a time to live from its creation on.

import { patch, serverNow } from './api.js';
import { h } from './dom.js';
import { durationText } from './countdown.js';
import { fault, onSubmit } from './form.js';
import { inputTime, moment } from './format.js';

const HOUR_MS = 3_600_000, DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const LONGEST_MS = 5 * 366 * DAY_MS;
const STEPS = [['1 day', 1], ['1 week', 7], ['30 days', 30], ['1 year', 365]];

export const endOf = (event) => Date.parse(event.expires_at);

/** {text, tone}: "6 days 4 hours left"; tone is '', 'soon' (a week), 'urgent' (a day) or 'over'. */
export function stay(event) {
  const left = endOf(event) - serverNow();
  if (left <= 0)
    return { text: 'Closed', tone: 'over' };
  const isShort = event.seconds_to_live * 1000 <= WEEK_MS; // who gave it a week needs no telling on the first day
  const tone = left <= DAY_MS ? 'urgent' : left <= WEEK_MS && !isShort ? 'soon' : '';
  return { text: `${durationText(left)} left`, tone };
}

/** Asks until when; gives the event as it is then, or null. */
export function askStay(event) {
  const created = Date.parse(event.created_at);
  const [earliest, latest] = [created + HOUR_MS, created + LONGEST_MS];
  let until = Math.max(endOf(event), serverNow());
  let answer = null;

  const input = h('input', {
    id: 'stay-until', name: 'seconds_to_live', type: 'datetime-local', required: true, min: inputTime(earliest), max: inputTime(latest),
    'aria-describedby': 'stay-says stay-until-error', 'data-fault': 'From an hour to five years after it was made, please.',
  });
  const says = h('p', { class: 'hint', id: 'stay-says', role: 'status' });
  const form = h('form', { method: 'post', novalidate: true },
    h('h2', { id: 'stay-dialog-title' }, 'How long it stays'),
    h('div', { class: 'actions', role: 'group', 'aria-label': 'Longer by' }, ...STEPS.map(([text, days]) =>
      h('button', { class: 'button small', type: 'button', click: () => show(Math.min(latest, until + days * DAY_MS)) }, `+ ${text}`))),
    h('div', { class: 'field' },
      h('label', { for: 'stay-until' }, 'Closes at'), input, says, h('p', { class: 'error', id: 'stay-until-error' })),
    h('p', { class: 'message', role: 'status' }),
    h('div', { class: 'actions end' },
      h('button', { class: 'button', type: 'button', click: () => dialog.close() }, 'Cancel'),
      h('button', { class: 'button primary', 'data-busy': 'Saving…' }, 'Save')));
  const dialog = h('dialog', { 'aria-labelledby': 'stay-dialog-title' }, form);

  function tell() {
    const left = until - serverNow();
    says.textContent = left > 0 ? `In ${durationText(left)}, on ${moment(until)}.` : 'In the past: it closes for guests at once.';
  }
  function show(ms) {
    until = ms;
    input.value = inputTime(ms);
    tell();
  }
  input.addEventListener('input', () => {
    if (!input.value)
      return;
    until = new Date(input.value).getTime();
    tell();
  });
  onSubmit(form, async () => {
    const seconds = Math.round((until - created) / 1000);
    if (!(seconds > 0))
      throw fault('seconds_to_live', 'must be a time');
    ({ event: answer } = await patch(`events/${event.id}`, { seconds_to_live: seconds }));
    dialog.close();
  });
  show(until);

  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
