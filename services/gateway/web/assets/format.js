// Times and browsers, as people read them.

import { h } from './dom.js';

const UNITS = [['year', 31_557_600], ['month', 2_629_800], ['day', 86_400], ['hour', 3_600], ['minute', 60]];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

/** "3 hours ago", "in 12 days"; the exact time when pointed at. */
export function ago(text) {
  const at = new Date(text);
  const seconds = (at - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? [];
  return h('time', { datetime: text, title: exact.format(at) },
    unit ? relative.format(Math.round(seconds / size), unit) : 'just now');
}

export function date(text) {
  const at = new Date(text);
  return h('time', { datetime: text, title: exact.format(at) }, day.format(at));
}

/** "1.2 GB": three digits are enough. */
export function bytes(n) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; n >= 999.5 && i < units.length - 1; i++)
    n /= 1000;
  return `${i > 0 && n < 9.95 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

/** "1 photo", "2,000 photos". */
export const count = (n, what) => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;

/** "1:05", of a film. */
export function playTime(ms) {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const MINUTE_MS = 60_000;
const NEAR_MS = 300 * 86_400_000; // then the year goes without saying
const wholeMinute = (ms) => Math.round(ms / MINUTE_MS) * MINUTE_MS; // 17:59:59.9 is what was chosen as 18:00

/** "Saturday 28 November at 18:00" */
export const moment = (at) => new Intl.DateTimeFormat('en-GB', {
  weekday: 'long', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit',
  ...(Math.abs(at - Date.now()) > NEAR_MS && { year: 'numeric' }),
}).format(wholeMinute(at));

/** As a field for a time wants it. */
export function inputTime(ms) {
  const minute = wholeMinute(ms);
  return new Date(minute - new Date(minute).getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);
}

// The first that matches: most browsers name those they descend from too.
const BROWSERS = [[/\bEdgA?\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrom(e|ium)\/|\bHeadlessChrome\/|\bCriOS\//, 'Chrome'], [/\bSafari\//, 'Safari'], [/^curl\//, 'curl']];
const SYSTEMS = [[/\biPhone\b/, 'iPhone'], [/\biPad\b/, 'iPad'], [/\bAndroid\b/, 'Android'], [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'], [/\bCrOS\b/, 'ChromeOS'], [/\bLinux\b/, 'Linux']];

/** "Firefox on Linux", of a User-Agent. */
export function browser(agent) {
  const find = (table) => table.find(([pattern]) => pattern.test(agent))?.[1];
  const name = find(BROWSERS) ?? (agent.split(/[\s/]/)[0] || 'Unknown program');
  const system = find(SYSTEMS);
  return system ? `${name} on ${system}` : name;
}

export const isPhone = (agent) => /\b(iPhone|Android|Mobile)\b/.test(agent);
