// Forms: checked by the browser's own rules, faults shown beside their fields, one submission at a time.

import { Problem, explain, sentence } from './api.js';
import { busyWhile, h, say } from './dom.js';
import { toLogin } from './session.js';

/** submit gets the form's values. A Problem it throws is shown at the field it names, else in the form's live region,
 *  or leads to the login; what it returns, if anything, is said in the region. */
export function onSubmit(form, submit) {
  const region = form.querySelector('[role=status]');
  const button = form.querySelector('button:not([type=button])');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    clearFaults(form);
    say(region, '');
    if (!checkFields(form))
      return;
    await busyWhile(button, async () => {
      try {
        say(region, (await submit(new FormData(form))) ?? '');
      } catch (problem) {
        if (problem.status === 401)
          toLogin();
        else if (!showFault(form, problem))
          say(region, explain(problem), 'bad');
      }
    });
  });
  form.addEventListener('input', ({ target }) => setFault(target, ''));
}

/** A fault that a page finds itself. */
export function fault(field, detail) {
  return new Problem(400, { field, detail });
}

function checkFields(form) {
  const wrong = [...form.elements].filter((control) => control.name && !control.validity.valid);
  for (const control of wrong)
    setFault(control, explainValidity(control));
  wrong[0]?.focus();
  return wrong.length === 0;
}

function explainValidity({ validity, dataset, minLength, maxLength }) {
  if (validity.valueMissing)
    return 'Please fill this in.';
  if (dataset.fault)
    return dataset.fault;
  if (validity.typeMismatch)
    return 'Must be an address such as anna@example.org.';
  if (validity.tooShort)
    return `At least ${minLength} characters, please.`;
  if (validity.tooLong)
    return `At most ${maxLength} characters, please.`;
  return 'This is not right yet.';
}

function showFault(form, problem) {
  const control = problem instanceof Problem && problem.field && form.elements[problem.field];
  if (!control)
    return false;
  const first = control instanceof RadioNodeList ? control[0] : control;
  setFault(first, sentence(problem.message));
  first.focus();
  return true;
}

function setFault(control, text) {
  const place = control.closest('.field')?.querySelector('.error');
  if (!place)
    return;
  place.textContent = text;
  if (text)
    control.setAttribute('aria-invalid', 'true');
  else
    control.removeAttribute('aria-invalid');
}

function clearFaults(form) {
  for (const control of form.querySelectorAll('[aria-invalid]'))
    setFault(control, '');
}

/** Every password can be looked at while it is typed. */
export function addReveals() {
  for (const input of document.querySelectorAll('input[type=password]')) {
    const what = input.labels[0].textContent.toLowerCase();
    const show = (shown) => {
      input.type = shown ? 'text' : 'password';
      button.setAttribute('aria-pressed', shown);
    };
    const button = h('button', {
      class: 'reveal', type: 'button', 'aria-label': `Show ${what}`, 'aria-pressed': 'false',
      click: () => show(input.type === 'password'),
    });
    const frame = h('div', { class: 'with-reveal' });
    input.replaceWith(frame);
    frame.append(input, button);
    input.form.addEventListener('submit', () => show(false)); // so that the browser offers to keep it
  }
}
