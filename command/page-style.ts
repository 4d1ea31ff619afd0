/** The page's style: calm, in the system's fonts, and light or dark as the system is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f6f4;
  --surface: #fff;
  --ink: #1d1d1f;
  --quiet: #65656b;
  --line: #e2e2de;
  --accent: #0b57d0;
  --chosen: #e6eefb;
  font: 1rem/1.4 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131316;
    --surface: #1c1c20;
    --ink: #ececf0;
    --quiet: #9b9ba4;
    --line: #2c2c32;
    --accent: #8ab4f8;
    --chosen: #233044;
  }
}
* { box-sizing: border-box }
html { scroll-padding: calc(min(56.25vw, 50vh) + 4rem) 0 1rem }
body { margin: 0; background: var(--ground); color: var(--ink) }
main {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  max-width: 96rem;
  margin: 0 auto;
}
.stage { position: sticky; top: 0; z-index: 1; background: var(--ground) }
video, audio { display: block; width: 100% }
video { aspect-ratio: 16 / 9; max-height: 50vh; object-fit: contain; background: #000 }
#player:has(audio) { padding: 1.5rem 1rem; background: var(--surface) }
.caption {
  display: flex;
  gap: .5rem 1rem;
  align-items: baseline;
  justify-content: space-between;
  margin: 0;
  padding: .75rem 1rem;
  border-bottom: 1px solid var(--line);
}
.caption h1 { margin: 0; min-width: 0; font-size: 1rem; font-weight: 600; overflow-wrap: anywhere }
.caption a { flex: none; margin: -.75rem 0; padding: .75rem 0; color: var(--accent); font-size: .875rem }
#trouble { margin: 0; padding: .75rem 1rem; color: var(--quiet) }
nav { min-width: 0; padding: .75rem .5rem 3rem }
nav p { margin: 1rem .5rem; color: var(--quiet) }
h2 {
  margin: 1.5rem .5rem .5rem;
  color: var(--quiet);
  font-size: .875rem;
  font-weight: 500;
  overflow-wrap: anywhere;
  text-align: left;
}
ul { margin: 0; padding: 0; list-style: none }
li a {
  display: flex;
  gap: .75rem;
  align-items: baseline;
  min-height: 2.75rem;
  padding: .625rem .5rem;
  border-radius: .5rem;
  color: inherit;
  text-decoration: none;
}
li a:hover { background: var(--surface) }
li a[aria-current] { background: var(--chosen) }
a:focus-visible, video:focus-visible, audio:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: -2px;
}
li span { flex: 1; min-width: 0; overflow-wrap: anywhere; text-align: left }
li small { flex: none; color: var(--quiet); font-size: .8125rem; font-variant-numeric: tabular-nums }
.video::before, .audio::before { flex: none; width: 1.25em; color: var(--accent); text-align: center }
.video::before { content: '\\25b6\\fe0e'; content: '\\25b6\\fe0e' / '' }
.audio::before { content: '\\266a'; content: '\\266a' / '' }
[hidden] { display: none }
@media (max-height: 30rem) {
  .stage { position: static }
  html { scroll-padding: 1rem 0 }
}
@media (min-width: 60rem) {
  html { scroll-padding: 2rem 0 }
  main:has(.stage) { grid-template-columns: minmax(0, 1fr) 24rem; gap: 2rem; padding: 2rem }
  main:not(:has(.stage)) { max-width: 48rem; padding: 2rem }
  .stage { top: 2rem; align-self: start }
  video { max-height: 75vh }
  #player { overflow: hidden; border-radius: .75rem }
  #player:has(audio) { padding: 4rem 2rem; border: 1px solid var(--line) }
  .caption { padding: 1rem 0; border: 0 }
  #trouble { padding: 0 }
  nav { padding-top: 0 }
  nav section:first-child h2 { margin-top: 0 }
}
`
