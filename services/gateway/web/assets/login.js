import { Problem, post } from './api.js';
import { byId } from './dom.js';
import { addReveals, onSubmit } from './form.js';
import { enter, sayNote } from './session.js';

const form = byId('login');

addReveals();
sayNote(form.querySelector('[role=status]'));
onSubmit(form, async (values) => {
  try {
    await post('sessions', Object.fromEntries(values));
  } catch (problem) {
    if (problem.status !== 401)
      throw problem;
    form.elements.password.select();
    throw new Problem(400, { detail: 'No account has this address and password.' });
  }
  enter();
});
