/** Whether markup is well-formed XML: every element ends, attributes are quoted, nothing bare is left in a text. */

/** What is wrong, in a few words; empty when nothing is. Also gives the texts of all elements of one name. */
export function parseMarkup(markup: string): { readonly wrong: string; readonly names: readonly string[] } {
  const open: string[] = [];
  const names: string[] = [];
  let rest = markup.replace(/^<!DOCTYPE html>\n/, '');
  while (rest !== '') {
    const text = /^[^<]+/.exec(rest)?.[0] ?? '';
    if (open.at(-1) !== 'style' && /&(?!#\d+;)/.test(text)) return { wrong: `bare & in ${text}`, names };
    if (text.trim() !== '' && open.length === 0) return { wrong: `text outside: ${text}`, names };
    rest = rest.slice(text.length);
    if (rest === '') break;
    const tag = /^<(\/?)([a-zA-Z][\w-]*)((?: [\w:-]+="[^"<>]*")*)(\/?)>/.exec(rest);
    if (tag === null) return { wrong: `no tag: ${rest.slice(0, 60)}`, names };
    const [whole, ends, name = '', , isEmpty] = tag;
    if (ends === '/') {
      const begun = open.pop();
      if (begun !== name) return { wrong: `${name} ends ${begun}`, names };
    } else {
      names.push(name);
      if (isEmpty === '') open.push(name);
    }
    rest = rest.slice(whole.length);
  }
  return { wrong: open.length === 0 ? '' : `without an end: ${open.join(' ')}`, names };
}
