// The event's settings: what it is called, what guests may download, and its end.

import { patch, remove } from './api.js';
import { busyWhile, byId, confirmed } from './dom.js';
import { endOf } from './extend.js';
import { onSubmit } from './form.js';
import { count, moment } from './format.js';
import { attempt } from './session.js';

const choiceOf = ({ download, originals }) => !download ? 'none' : originals ? 'originals' : 'large';

/** gone() is called once the event is deleted. */
export function startSettings(page, { gone }) {
  const [nameForm, downloadsForm] = ['name-form', 'downloads-form'].map(byId);

  function show(event) {
    const { name, slug } = nameForm.elements;
    for (const [input, value] of [[name, event.name], [slug, event.slug]]) {
      if (input.value === input.defaultValue) // what somebody types stays
        input.value = value;
      input.defaultValue = value;
    }
    byId('slug-hint').textContent = `${event.public_url.slice(0, event.public_url.lastIndexOf('/') + 1)}…`;
    byId('stay-text').textContent = `Until ${moment(endOf(event))}.`;
    downloadsForm.elements.downloads.value = choiceOf(event);
  }
  page.heard(show);
  show(page.event);

  onSubmit(nameForm, async (values) => {
    const { event } = await patch(page.path(), { name: values.get('name').trim(), slug: values.get('slug').trim() });
    nameForm.elements.name.defaultValue = nameForm.elements.name.value;
    nameForm.elements.slug.defaultValue = nameForm.elements.slug.value;
    page.set(event);
    return 'Saved.';
  });

  onSubmit(downloadsForm, async (values) => {
    const choice = values.get('downloads');
    const { event } = await patch(page.path(), { download: choice !== 'none', originals: choice === 'originals' });
    page.set(event);
    return 'Saved.';
  });

  byId('delete-event').addEventListener('click', async ({ currentTarget }) => {
    const { name, photos } = page.event;
    const text = `${photos > 0 ? `Its ${count(photos, 'photo')} and all` : 'All'} its codes go for good. This cannot be undone.`;
    if (!await confirmed(`Delete “${name}”?`, text, 'Delete event'))
      return;
    await busyWhile(currentTarget, () => attempt(byId('message'), async () => {
      await remove(page.path());
      gone();
    }));
  });

}
