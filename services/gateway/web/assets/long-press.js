// A finger that stays: the phone's way to begin a selection.

const LONG_MS = 450;
const STILL_PX = 8;

/** pressed(event) after a finger has rested on something in the element; the click that follows is swallowed. */
export function onLongPress(element, pressed) {
  let timer = 0, from = null, swallow = false;

  const cancel = () => {
    clearTimeout(timer);
    from = null;
  };

  element.addEventListener('pointerdown', (event) => {
    cancel();
    swallow = false;
    if (event.pointerType === 'mouse' || !event.isPrimary)
      return;
    from = { x: event.clientX, y: event.clientY };
    timer = setTimeout(() => {
      swallow = true;
      navigator.vibrate?.(10);
      pressed(event);
    }, LONG_MS);
  });
  element.addEventListener('pointermove', ({ clientX, clientY }) => {
    if (from && Math.hypot(clientX - from.x, clientY - from.y) > STILL_PX)
      cancel();
  });
  for (const end of ['pointerup', 'pointercancel', 'pointerleave'])
    element.addEventListener(end, cancel);
  element.addEventListener('contextmenu', (event) => {
    if (from || swallow) // the browser's own menu of a long press
      event.preventDefault();
  });
  element.addEventListener('click', (event) => {
    if (!swallow)
      return;
    swallow = false;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
}
