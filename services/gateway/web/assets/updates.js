// What the server tells while something is awaited: which media became ready, rejected or deleted.

const AGAIN_MS = 5_000;

/** told({id, state, reason}) for each, opened() whenever the stream begins: it says nothing of what was before. Gives
 *  want(true or false). */
export function createUpdates({ told, opened }) {
  let source = null, timer = 0;

  function open() {
    source = new EventSource('/api/updates');
    source.addEventListener('open', opened);
    source.addEventListener('media', ({ data }) => told(JSON.parse(data)));
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED)
        return; // the browser tries again by itself
      source = null;
      timer = setTimeout(() => {
        timer = 0;
        open();
      }, AGAIN_MS * (1 + Math.random()));
    });
  }

  function close() {
    clearTimeout(timer);
    timer = 0;
    source?.close();
    source = null;
  }

  addEventListener('pagehide', close);
  return {
    want(wanted) {
      if (!wanted)
        close();
      else if (!source && !timer)
        open();
    },
  };
}
