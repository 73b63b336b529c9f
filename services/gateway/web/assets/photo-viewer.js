// One photo at a time, as large as the window: by arrow keys, swipes and buttons; blurred, then small, then sharp.

import { serverNow } from './api.js';
import { byId, h } from './dom.js';
import { linkEnd } from './links.js';
import { onSwipe } from './swipe.js';
import { thumbHashCanvas } from './thumbhash.js';

/** The dialog's markup is the page's. info(photo) promises {large, video} with fresh links, of what there is; closed(id)
 *  of the photo last seen gets the focus back; failed(problem, photo) is told what went wrong. Gives {open, close, show, isOpen}. */
export function createViewer(dialog, { info, closed, failed, moved }) {
  const stage = dialog.querySelector('.stage');
  const place = dialog.querySelector('.place');
  const said = dialog.querySelector('[role=status]');
  const [previous, next] = ['.previous', '.next'].map((name) => dialog.querySelector(name));
  let photos = [], index = -1;
  const slides = new Map(); // photo's id -> its element
  history.scrollRestoration = 'manual'; // "back" leads to the photo last seen, not to where the first was opened

  const isVideo = ({ content_type: type }) => type.startsWith('video/');

  // --- slides: the one that is looked at, and its neighbours beside the window ---

  function lay(drag = 0) {
    const wanted = new Set();
    for (let i = Math.max(0, index - 1); i <= Math.min(photos.length - 1, index + 1); i++) {
      const photo = photos[i];
      wanted.add(photo.id);
      if (!slides.has(photo.id)) {
        slides.set(photo.id, slideOf(photo));
        stage.append(slides.get(photo.id));
      }
      const slide = slides.get(photo.id);
      slide.style.transform = `translateX(calc(${i - index} * (100% + 2rem) + ${drag}px))`;
      slide.inert = i !== index;
      slide.toggleAttribute('data-current', i === index);
    }
    for (const [id, slide] of slides) {
      if (!wanted.has(id)) {
        slide.remove();
        slides.delete(id);
      }
    }
  }

  function slideOf(photo) {
    const frame = h('div', { class: 'frame' },
      thumbHashCanvas(photo.placeholder, 32),
      photo.preview_url && !isVideo(photo) && h('img', { alt: photo.filename, src: photo.preview_url, draggable: 'false' }));
    const ratio = photo.width > 0 && photo.height > 0 ? photo.width / photo.height : 16 / 9;
    frame.style.setProperty('--ratio', ratio);
    frame.style.setProperty('--most', `${photo.width || 1280}px`);
    return h('div', { class: 'slide' }, frame);
  }

  /** The large rendition over the preview, or the film. Neighbours of a film are not fetched before they are seen. */
  async function sharpen(photo, current) {
    const slide = slides.get(photo.id);
    if (!slide || slide.dataset.sharp === 'yes' || isVideo(photo) && !current)
      return;
    slide.dataset.sharp = 'yes';
    try {
      const { large, video } = await info(photo);
      const frame = slide.firstChild;
      if (video && isVideo(photo))
        frame.append(film(photo, video.url, large?.url));
      else if (large)
        await sharpImage(frame, photo, large);
    } catch (problem) {
      delete slide.dataset.sharp;
      if (current && photo === photos[index])
        failed(problem, photo);
    }
  }

  async function sharpImage(frame, photo, large) {
    const image = h('img', { class: 'large', alt: frame.querySelector('img') ? '' : photo.filename, src: large.url, draggable: 'false' });
    await image.decode();
    frame.append(image);
  }

  function film(photo, url, poster = photo.preview_url) {
    const element = h('video', {
      src: url, poster, controls: true, playsinline: true, preload: 'metadata', 'aria-label': photo.filename,
      error: () => linkEnd(element.src) > serverNow() ? element.replaceWith(noFilm()) : goOn(photo, element),
    });
    return element;
  }

  const noFilm = () => h('p', { class: 'no-film' }, 'This video cannot be played here.');

  /** A long film outlasts its link. */
  async function goOn(photo, element) {
    try {
      const { video } = await info(photo);
      if (!video)
        element.replaceWith(noFilm());
      if (!video || !element.isConnected)
        return;
      const { currentTime, paused } = element;
      element.src = video.url;
      element.currentTime = currentTime;
      if (!paused)
        element.play().catch(() => {}); // somebody closed it meanwhile
    } catch (problem) {
      failed(problem, photo);
    }
  }

  function show(to) {
    index = Math.min(Math.max(to, 0), photos.length - 1);
    const photo = photos[index];
    for (const film of stage.querySelectorAll('video'))
      film.pause();
    said.textContent = '';
    lay();
    place.textContent = `${index + 1} of ${photos.length}`;
    byId(dialog.getAttribute('aria-labelledby')).textContent = photo.filename;
    said.textContent = `${isVideo(photo) ? 'Video' : 'Photo'} ${index + 1} of ${photos.length}: ${photo.filename}`;
    previous.disabled = index === 0;
    next.disabled = index === photos.length - 1;
    stage.classList.toggle('has-film', isVideo(photo));
    moved(photo);
    sharpen(photo, true).then(() => {
      for (const neighbour of [photos[index + 1], photos[index - 1]]) {
        if (dialog.open && neighbour && photos[index] === photo)
          sharpen(neighbour, false);
      }
    });
  }

  // --- open and close; "back" closes too ---

  function open(list, at) {
    photos = list;
    dialog.classList.remove('bare');
    dialog.showModal();
    history.pushState({ viewer: true }, '');
    show(at);
    dialog.querySelector('.close').focus({ preventScroll: true });
  }

  function close() {
    if (dialog.open)
      dialog.close();
  }

  dialog.addEventListener('close', () => {
    for (const slide of slides.values())
      slide.remove();
    slides.clear();
    if (history.state?.viewer)
      history.back();
    closed(photos[index]?.id);
  });
  addEventListener('popstate', () => history.state?.viewer || close());

  // --- keys, buttons, fingers ---

  dialog.addEventListener('keydown', (event) => {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, PageDown: index + 1, PageUp: index - 1, Home: 0, End: photos.length - 1 }[event.key];
    if (to === undefined || event.target.closest('video') || event.altKey || event.ctrlKey || event.metaKey)
      return;
    event.preventDefault();
    if (to !== index)
      show(to);
  });
  previous.addEventListener('click', () => show(index - 1));
  next.addEventListener('click', () => show(index + 1));
  dialog.querySelector('.close').addEventListener('click', close);
  onSwipe(stage, {
    drag: (x) => {
      const edge = x > 0 && index === 0 || x < 0 && index === photos.length - 1;
      dialog.classList.add('dragging');
      lay(edge ? x / 4 : x); // nothing comes there: it holds against the finger
    },
    drop: (direction) => {
      dialog.classList.remove('dragging');
      show(index + direction);
    },
    down: close,
    tap: () => dialog.classList.toggle('bare'),
  });

  return {
    open, close,
    get isOpen() { return dialog.open; },
    get photo() { return photos[index]; },
    /** The list again, with other links, or without what was withdrawn. */
    renew(list) {
      const { id } = photos[index];
      photos = list;
      const at = list.findIndex((photo) => photo.id === id);
      if (list.length === 0)
        close();
      else
        show(at >= 0 ? at : Math.min(index, list.length - 1));
    },
  };
}
