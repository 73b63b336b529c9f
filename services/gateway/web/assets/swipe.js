// Fingers on the viewer: sideways to the neighbours, down and away, a tap.

const BEGIN_PX = 10;
const FAR = 0.22; // of the width
const FLICK = 0.45; // pixels in a millisecond
const CONTROLS_PX = 72; // of a film, at its lower edge: they are dragged too

/** drag(x) while it moves, drop(-1, 0 or 1), down() and tap(). A pinched page is left to the browser. */
export function onSwipe(element, { drag, drop, down, tap }) {
  let start = null, way = null;

  const grips = ({ target, clientY }) => target.closest('video')?.getBoundingClientRect().bottom - CONTROLS_PX < clientY;

  element.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' || !event.isPrimary || visualViewport.scale > 1.01 || grips(event)) {
      start = null;
      return;
    }
    start = { x: event.clientX, y: event.clientY, at: event.timeStamp };
    way = null;
  });

  element.addEventListener('pointermove', (event) => {
    if (!start || !event.isPrimary)
      return;
    const [x, y] = [event.clientX - start.x, event.clientY - start.y];
    if (way === null && Math.hypot(x, y) > BEGIN_PX) {
      way = Math.abs(x) > Math.abs(y) ? 'sideways' : 'down';
      element.setPointerCapture(event.pointerId);
    }
    if (way === 'sideways')
      drag(x);
  });

  element.addEventListener('pointerup', (event) => {
    if (!start)
      return;
    const [x, y] = [event.clientX - start.x, event.clientY - start.y];
    const ms = Math.max(1, event.timeStamp - start.at);
    start = null;
    if (way === 'sideways')
      drop(Math.abs(x) > FAR * element.clientWidth || Math.abs(x) / ms > FLICK ? -Math.sign(x) : 0);
    else if (way === 'down' && y > 90)
      down();
    else if (way === null && !event.target.closest('video, button'))
      tap();
  });

  element.addEventListener('pointercancel', () => {
    if (start && way === 'sideways')
      drop(0);
    start = null;
  });
}
