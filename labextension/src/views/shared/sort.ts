/** How a column stands in a sort, which is a column's name, descending with a leading `-`; for `aria-sort`. */
export function ariaSort(
  sort: string,
  column: string
): 'ascending' | 'descending' | 'none' {
  return sort === column
    ? 'ascending'
    : sort === `-${column}`
      ? 'descending'
      : 'none';
}
