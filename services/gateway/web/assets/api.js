// The gateway's API, as our own pages use it: JSON in and out, the session's cookie, problem details (RFC 9457).

const PATIENCE_MS = 30_000;
const CLOCKS_AGREE_MS = 2000; // the server tells whole seconds, and the way takes time

let aheadMs = 0;

/** The time by the server's clock, since it is the server that closes. */
export const serverNow = () => Date.now() + aheadMs;

/** What the server refused, or (status 0) that it gave no answer. */
export class Problem extends Error {
  constructor(status, { detail, title, field, request_id: requestId } = {}, retryAfterS) {
    super(detail ?? title ?? `status ${status}`);
    Object.assign(this, { status, detail, field, requestId, retryAfterS });
  }
}

export const get = (path) => call('GET', path);
export const post = (path, body) => call('POST', path, body);
export const put = (path, body) => call('PUT', path, body);
export const patch = (path, body) => call('PATCH', path, body);
export const remove = (path) => call('DELETE', path);

/** post, for what creates: asked again after no answer, or a failed one, it still creates once. */
export async function create(path, body) {
  const request = path + JSON.stringify(body);
  if (unanswered?.request !== request)
    unanswered = { request, key: randomKey() };
  try {
    const answer = await call('POST', path, body, { 'idempotency-key': unanswered.key });
    unanswered = null;
    return answer;
  } catch (problem) {
    if (problem.status >= 400 && problem.status < 500)
      unanswered = null;
    throw problem;
  }
}
let unanswered = null;

// Not crypto.randomUUID(): that is missing where the server is reached without TLS.
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function call(method, path, body, headers = {}) {
  const response = await answerTo(`/api/${path}`, {
    method,
    headers: body ? { ...headers, 'content-type': 'application/json' } : headers,
    body: body && JSON.stringify(body),
    cache: 'no-store',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  noteTime(response.headers.get('date'));
  if (response.status === 204)
    return null;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Problem(response.status, answer, Number(response.headers.get('retry-after')) || undefined);
  return answer;
}

function noteTime(date) {
  const ahead = Date.parse(date) - Date.now();
  if (!Number.isNaN(ahead))
    aheadMs = Math.abs(ahead) > CLOCKS_AGREE_MS ? ahead : 0;
}

async function answerTo(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    throw new Problem(0);
  }
}

/** One sentence for people. */
export function explain(problem) {
  if (!(problem instanceof Problem))
    throw problem; // ours: let it be seen
  const { status, field, detail, retryAfterS, requestId } = problem;
  if (status === 0)
    return navigator.onLine ? 'The server does not answer. Try again in a moment.' :
      'You are offline. Try again once you are connected.';
  if (status === 401)
    return 'You are not logged in any more.';
  if (status === 429)
    return `Too many attempts. Try again ${retryAfterS ? `in ${duration(retryAfterS)}` : 'later'}.`;
  if (status >= 502)
    return `The server is busy or just starting. Try again ${retryAfterS ? `in ${duration(retryAfterS)}` : 'in a moment'}.`;
  if (status >= 500)
    return `Something went wrong on the server${requestId ? ` (request ${requestId})` : ''}.`;
  if (status === 403 && !detail)
    return 'You may not do that.';
  return sentence(field ? `${field.replaceAll('_', ' ')} ${problem.message}` : problem.message);
}

/** "is taken" becomes "Is taken." */
export function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

function duration(seconds) {
  const [size, unit] = [[3600, 'hour'], [60, 'minute']].find(([length]) => seconds >= 1.5 * length) ?? [1, 'second'];
  const n = Math.ceil(seconds / size);
  return `${n} ${unit}${n === 1 ? '' : 's'}`;
}
