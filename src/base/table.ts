/** Text tables: a header that is always there, columns as wide as their widest cell, nothing after the last one. */

export interface Column<Row> {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  readonly cell: (row: Row) => string;
}

/** One string per line, the header first. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => column.cell(row))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => (line[index] as string).length)));
  return cells.map((line) =>
    line
      .map((text, index) => {
        const width = widths[index] as number;
        return columns[index]?.right === true ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
