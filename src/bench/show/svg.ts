/** Markup as text: escaped, well-formed, numbers short. */

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

export type Attributes = Readonly<Record<string, string | number>>;

/** An element; children are markup already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const given = Object.entries(attributes).map(([key, value]) => {
    return ` ${key}="${typeof value === 'number' ? coordinate(value) : escaped(value)}"`;
  });
  const open = `<${name}${given.join('')}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join('')}</${name}>`;
}

/** An element with a text in it. */
export function textElement(name: string, attributes: Attributes, text: string): string {
  return element(name, attributes, escaped(text));
}

/** A tenth of a pixel is finer than anybody sees. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A line through points; where one is missing it has a gap, and a point alone is a dot. */
export function pathThrough(points: readonly (readonly [x: number, y: number] | undefined)[]): string {
  let path = '';
  let isDrawing = false;
  for (const point of points) {
    if (point !== undefined) path += `${isDrawing ? 'L' : 'M'}${coordinate(point[0])} ${coordinate(point[1])}h.1`;
    isDrawing = point !== undefined;
  }
  return path;
}
