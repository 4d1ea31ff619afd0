/** The files. */
export const SHELF = `
#shelf { min-width: 0; padding: .5rem calc(var(--edge) - .5rem) 3rem }
#counts, #shelf > p { margin: .75rem .5rem; color: var(--quiet) }
#counts, #pages { display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between; font-size: .875rem }
#counts a, #pages a { padding-block: .25rem; margin-block: -.25rem }
#counts form { display: inline }
#counts a + form { margin-inline-start: .75rem }
#counts button { min-height: 0; padding: .25rem 0; margin-block: -.25rem; border: 0; background: none; color: var(--accent); text-decoration: underline; text-underline-offset: .2em }
#shelf section { margin-top: .75rem; content-visibility: auto; contain-intrinsic-size: auto 20rem }
#shelf h2 { margin: 1.25rem .5rem .375rem; color: var(--quiet); font-size: .875rem; font-weight: 600; overflow-wrap: anywhere; text-align: left }
.media a, .others a {
  display: flex;
  gap: .75rem;
  align-items: center;
  min-height: 2.75rem;
  padding: .375rem .5rem;
  border-radius: .5rem;
  color: inherit;
  text-decoration: none;
}
.others a { align-items: baseline; padding-block: .625rem }
.media a:hover, .others a:hover { background: var(--surface) }
.media a[aria-current] { background: var(--chosen) }
.media a:focus-visible, .others a:focus-visible { outline-offset: -2px }
.name { flex: 1; min-width: 0; overflow-wrap: anywhere; text-align: left }
.media b { flex: none; min-width: 1.25rem; margin-inline-end: -.25rem; color: var(--quiet); font-weight: 400; font-variant-numeric: tabular-nums }
#shelf small { flex: none; color: var(--quiet); font-size: .8125rem; font-variant-numeric: tabular-nums; text-align: end }
.thumb {
  position: relative;
  flex: none;
  width: 4rem;
  height: 2.25rem;
  overflow: hidden;
  border-radius: .25rem;
  background: var(--line);
  color: var(--quiet);
}
.thumb::before { position: absolute; inset: 0; display: grid; place-items: center; font-size: .875rem }
.video .thumb::before { content: '\\25b6\\fe0e'; content: '\\25b6\\fe0e' / '' }
.audio .thumb { width: 2.25rem }
.audio .thumb::before { content: '\\266a'; content: '\\266a' / '' }
.thumb img, .thumb canvas { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover }
.folders ul { display: flex; flex-wrap: wrap; gap: .5rem; padding: .25rem .5rem }
.folders a {
  display: block;
  padding: .5rem .875rem;
  border: 1px solid var(--line);
  border-radius: .5rem;
  background: var(--surface);
  color: inherit;
  overflow-wrap: anywhere;
  text-decoration: none;
}
.folders a:hover { border-color: var(--quiet) }
.pictures ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); gap: .5rem; padding: .25rem .5rem }
.pictures a { display: block; aspect-ratio: 1; overflow: hidden; border-radius: .375rem; background: var(--line) }
.pictures img { display: block; width: 100%; height: 100%; object-fit: cover; font-size: .75rem }
@media (forced-colors: active) {
  .media a[aria-current] { --chosen: Highlight; --line: Highlight; --quiet: HighlightText; --accent: HighlightText; color: HighlightText; forced-color-adjust: none }
  .media a[aria-current]:focus-visible { outline-offset: -5px }
}
`
