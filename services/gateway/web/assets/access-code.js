// Access codes as people type them: upper case, in groups of three, without the characters that look like others.

const SHORTEST = 6, LONGEST = 12;
const A_FEW = 16; // a code with blanks between
const FOREIGN = /[^A-HJKMNP-Z2-9]/g;
const LIKELY = { 0: 'a Q or a D', O: 'a Q or a D', 1: 'a 7 or a J', I: 'a 7 or a J', L: 'a 7 or a J' };

const clean = (text) => text.toUpperCase().replace(FOREIGN, '');
export const grouped = (code) => code.replace(/(.{3})(?=.)/g, '$1 ');
export const isCode = (code) => code.length >= SHORTEST && code.length <= LONGEST;

/** The code in what somebody pasted: the code, a link that ends in it, or a message that holds it; else ''. */
export function codeIn(text) {
  const given = text.includes('#') ? text.slice(text.lastIndexOf('#') + 1) : text;
  const bare = given.replace(/[\s\-–—_.·]/g, '');
  if (isCode(bare) && clean(bare) === bare.toUpperCase())
    return clean(bare);
  // In a message: in upper case, as codes are written, else a word with a digit in it.
  const told = only(given, /(?<![A-Za-z0-9])[A-HJKMNP-Z2-9]{3,12}(?:[ -][A-HJKMNP-Z2-9]{1,3})*(?![A-Za-z0-9])/g);
  return told || only(given, /(?<![a-z0-9])(?=[a-z-]*[2-9])[a-hjkmnp-z2-9]{3,12}(?:-[a-hjkmnp-z2-9]{1,3})*(?![a-z0-9])/gi);
}

function only(text, pattern) {
  const codes = (text.match(pattern) ?? []).map(clean).filter(isCode);
  return codes.length === 1 ? codes[0] : '';
}

/** Makes the input show its code while it is typed. note(text) is told, gently, of what was refused; pasted() of a
 *  whole code. Gives {code, set}. */
export function startCodeField(input, note, pasted) {
  let code = '';

  function show(next, caret = next.length) {
    code = next.slice(0, LONGEST);
    input.value = grouped(code);
    const at = caret >= code.length ? input.value.length : caret + Math.floor(caret / 3);
    if (document.activeElement === input)
      input.setSelectionRange(at, at);
  }

  input.addEventListener('input', ({ inputType }) => {
    const { value, selectionStart: caret } = input;
    let before = clean(value.slice(0, caret));
    let after = clean(value.slice(caret));
    if (before + after === code && inputType === 'deleteContentBackward') // only the blank went: mean what is before it
      before = before.slice(0, -1);
    else if (before + after === code && inputType === 'deleteContentForward')
      after = after.slice(1);
    const alike = /[01ILO]/i.exec(value)?.[0].toUpperCase();
    note(alike ? `Codes have no ${alike}. Perhaps it is ${LIKELY[alike]}?` : '');
    show(before + after, before.length);
  });

  input.addEventListener('paste', (event) => {
    const text = event.clipboardData.getData('text').trim();
    const found = codeIn(text);
    if (!found && text.length <= A_FEW)
      return; // a part of one, perhaps
    event.preventDefault();
    note(found ? '' : 'There is no code in what was pasted.');
    if (found) {
      show(found);
      pasted();
    }
  });

  return { get code() { return code; }, set: show };
}
