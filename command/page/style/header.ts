/** Where one is, and the filter. */
export const HEADER = `
header {
  display: flex;
  flex-wrap: wrap;
  gap: .5rem 1.5rem;
  align-items: center;
  justify-content: space-between;
  padding: .75rem var(--edge);
}
#place { flex: 1 1 12rem; min-width: 0 }
#place ol { display: flex; flex-wrap: wrap; align-items: baseline }
#place li { min-width: 0; overflow-wrap: anywhere }
#place li + li::before { content: '/'; content: '/' / ''; margin: 0 .4rem; color: var(--quiet) }
#place a { display: inline-block; padding: .5rem 0; color: var(--quiet); text-decoration: none }
#place a:hover { text-decoration: underline }
#place h1 { display: inline; margin: 0; font-size: 1.125rem; font-weight: 600 }
#place a[aria-current] { color: var(--ink) }
#search { display: flex; flex: 1 1 16rem; gap: .5rem; min-width: 0; max-width: 25rem }
#words {
  flex: 1;
  width: 0;
  min-width: 0;
  min-height: 2.5rem;
  padding: 0 .875rem;
  border: 1px solid var(--line);
  border-radius: .5rem;
  background: var(--surface);
}
#words::placeholder { color: var(--quiet); opacity: 1 }
#order { min-height: 2.5rem }
`
