// How long something stays: days and hours, then minutes, in the last hour seconds.

import { serverNow } from './api.js';

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const UNITS = [['day', DAY], ['hour', HOUR], ['minute', MINUTE], ['second', SECOND]];

/** "6 days 4 hours"; the larger two units that there are. */
export function durationText(ms) {
  const found = UNITS.findIndex(([, size]) => ms >= size);
  const first = found < 0 ? UNITS.length - 1 : found;
  const parts = [];
  for (const [unit, size] of UNITS.slice(first, first + 2)) {
    const n = Math.floor(ms / size);
    ms -= n * size;
    if (n > 0 || parts.length === 0)
      parts.push(`${n} ${unit}${n === 1 ? '' : 's'}`);
  }
  return parts.join(' ');
}

/** show(text, ms left) whenever it changes, and ended() once. Gives what stops it. */
export function startCountdown(until, show, ended) {
  let timer;
  function tick() {
    const left = until - serverNow();
    if (left <= 0) {
      stop();
      ended();
      return;
    }
    show(durationText(left), left);
    timer = setTimeout(tick, left <= HOUR ? left % SECOND || SECOND : Math.min(left % MINUTE || MINUTE, left - HOUR + 1));
  }
  function stop() {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', wake);
  }
  // A phone that slept has not ticked.
  function wake() {
    if (document.visibilityState === 'visible') {
      clearTimeout(timer);
      tick();
    }
  }
  document.addEventListener('visibilitychange', wake);
  tick();
  return stop;
}
