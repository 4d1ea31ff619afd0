/** The page's style: calm, in the system's fonts, and light or dark as the system is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f7f7f5;
  --surface: #fff;
  --ink: #1c1c1f;
  --quiet: #62626a;
  --line: #e3e3df;
  --accent: #0b57d0;
  --chosen: #e4edfb;
  --pale: #c9d9f4;
  --index: #b06000;
  --fault: #c5221f;
  --edge: clamp(1rem, 2.5vw, 2rem);
  font: 1rem/1.4 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121214;
    --surface: #1c1c20;
    --ink: #ececf0;
    --quiet: #9d9da7;
    --line: #2b2b31;
    --accent: #8ab4f8;
    --chosen: #20304a;
    --pale: #33476b;
    --index: #f2a33a;
    --fault: #f28b82;
  }
}
* { box-sizing: border-box }
html { scroll-padding: calc(min(56.25vw, 50vh) + 2rem) 0 1rem; -webkit-text-size-adjust: 100% }
body { margin: 0 auto; max-width: 100rem; background: var(--ground); color: var(--ink) }
[hidden] { display: none !important }
ol, ul { margin: 0; padding: 0; list-style: none }
a { color: var(--accent); text-underline-offset: .2em }
button, select, input { font: inherit; color: inherit }
button, select {
  min-height: 2.25rem;
  padding: 0 .75rem;
  border: 1px solid var(--line);
  border-radius: .5rem;
  background: var(--surface);
}
button { cursor: pointer }
button:hover { border-color: var(--quiet) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
#shelf:focus-visible { outline: none }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }

.skip { position: absolute; inset: 0 auto auto 0; z-index: 2; padding: .75rem 1rem; background: var(--surface); translate: 0 -100% }
.skip:focus { translate: 0 }

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

#stage { display: contents }
#screen { position: sticky; top: 0; z-index: 1; background: var(--ground) }
video, audio { display: block; width: 100% }
video { aspect-ratio: 16 / 9; max-height: 50vh; object-fit: contain; background: #000 }
#player:has(audio) { padding: 1.5rem var(--edge); background: var(--surface) }
#player:empty { aspect-ratio: 16 / 9; max-height: 50vh; background: #000 }
#caption { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; padding: .625rem var(--edge) }
#title { flex: 1 1 12rem; margin: 0; color: inherit; min-width: 0; font-size: 1rem; font-weight: 600; line-height: 1.3; overflow-wrap: anywhere; text-align: left }
#about { flex: 1 0 100%; margin: 0; color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere; text-align: left }
#about:empty { display: none }
#tools { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; font-size: .875rem }
#tools label { color: var(--quiet) }
#tools select, #tools button, #tools a { min-height: 2.25rem }
#tools a { display: inline-flex; align-items: center; padding: 0 .5rem }
#trouble { margin: 0; padding: 0 var(--edge) .75rem; color: var(--fault) }
#chapters { display: flex; flex-wrap: wrap; gap: .375rem; padding: 0 var(--edge) .75rem }
#chapters button { font-size: .8125rem }

#map { padding: 0 var(--edge) .75rem; font-size: .8125rem }
#bar { position: relative; height: .75rem; overflow: hidden; background: var(--line) }
#bar > div { position: absolute; inset: 0 }
#bar i { position: absolute; inset-block: 0; min-width: 1px }
#bar .sent i, .legend .sent { background: var(--accent) }
.announced i, .part.announced, .legend .announced {
  background: repeating-linear-gradient(-45deg, var(--accent) 0 2px, var(--pale) 2px 5px);
}
#bar .buffer i { inset-block: auto 0; height: .1875rem; background: var(--ink) }
#bar .index i { inset-block: 0; min-width: 3px; background: var(--index) }
#bar .head { inset-inline: 0 auto; width: 2px; margin-inline-start: -1px; background: var(--ink); box-shadow: 0 0 0 1px var(--ground) }
#map { display: none }
#map p { display: flex; flex-wrap: wrap; gap: .125rem 1rem; justify-content: space-between; margin: .375rem 0 0; color: var(--quiet) }
#map #note { display: block; max-width: 46rem; text-wrap: pretty }
#map #note:empty { display: none }
#sum { font-variant-numeric: tabular-nums }
.legend { display: flex; gap: .375rem; align-items: center }
.legend i { width: .75rem; height: .75rem; border-radius: 2px }
.legend > * { display: inline-flex; gap: .375rem; align-items: center; margin-inline-end: .5rem }
.legend > :last-child { margin: 0 }
.legend .buffer { height: .1875rem; border-radius: 0; background: var(--ink) }
.legend .index { width: 3px; border-radius: 0; background: var(--index) }
#map details { margin-top: .375rem }
#map summary { width: fit-content; padding: .25rem 0; color: var(--quiet); cursor: pointer }
#map table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap }
#map th { padding: .25rem 1rem .25rem 0; color: var(--quiet); font-weight: 400; text-align: start }
#map tbody td { padding: .1875rem 1rem .1875rem 0; border-top: 1px solid var(--line) }
#map td:nth-child(4), #map th:nth-child(4) { min-width: 6rem; text-align: end }
#map td:nth-child(5) { min-width: 4rem; color: var(--quiet) }
#map tr[data-state=aborted] td:nth-child(5), #map tr[data-state=failed] td:nth-child(5) { color: var(--fault) }
#map td:last-child { width: 100%; padding-inline-end: 0 }
.line { position: relative; height: .5rem; min-width: 6rem; border-radius: 2px; background: var(--line) }
.line i { position: absolute; inset-block: 0 }
.asked { border-radius: 2px; background: var(--pale) }
.part { min-width: 2px; border-radius: 2px }
.part:not(.announced) { background: var(--accent) }
.tick { inset-block: -2px !important; width: 2px !important; margin-inline-start: -1px; background: var(--fault) }
@media (prefers-reduced-motion: no-preference) {
  .line .part, #bar .head { transition: width .2s linear, inset-inline-start .2s linear }
}

#shelf { min-width: 0; padding: .5rem calc(var(--edge) - .5rem) 3rem }
#shelf > p { margin: .75rem .5rem; color: var(--quiet) }
#counts, #pages { display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between; font-size: .875rem }
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
.folders .more { padding: .5rem 0; color: var(--quiet) }
.pictures ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); gap: .5rem; padding: .25rem .5rem }
.pictures a { display: block; aspect-ratio: 1; overflow: hidden; border-radius: .375rem; background: var(--line) }
.pictures img { display: block; width: 100%; height: 100%; object-fit: cover; font-size: .75rem }

dialog { border: 1px solid var(--line); border-radius: .75rem; background: var(--surface); color: var(--ink) }
dialog::backdrop { background: rgb(0 0 0 / .7) }
#shortcuts { width: min(26rem, calc(100vw - 2rem)); padding: 1.25rem 1.5rem }
#shortcuts h2 { margin: 0 0 .75rem; color: inherit; font-size: 1rem }
#shortcuts dl { margin: 0 0 1rem }
#shortcuts dl div { display: flex; gap: 1rem; justify-content: space-between; padding: .3125rem 0; border-top: 1px solid var(--line) }
#shortcuts dd { margin: 0; order: -1 }
kbd { padding: .0625rem .4rem; border: 1px solid var(--line); border-radius: .25rem; font: .8125rem/1.4 ui-monospace, monospace }
#viewer { width: 100vw; height: 100dvh; max-width: none; max-height: none; padding: 0; border: 0; border-radius: 0; background: #101012; color: #ececf0 }
#viewer[open] { display: grid; grid-template-rows: minmax(0, 1fr) auto }
#viewer .frame { display: grid; place-items: center; min-height: 0 }
#viewer img { max-width: 100%; max-height: 100%; object-fit: contain }
#viewer iframe { width: 100%; height: 100%; border: 0; background: #fff }
#viewer p { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0; padding: .75rem var(--edge) }
#viewer a { padding: .5rem; color: #8ab4f8 }
#viewer button { border-color: #3a3a42; background: #1c1c20; color: inherit }

@media (max-height: 30rem) {
  #screen { position: static }
  html { scroll-padding: 1rem 0 }
}
@media (hover: none) {
  #help { display: none }
}
@media (min-width: 60rem) {
  html { scroll-padding: 2rem 0 }
  header { padding-block: 1.25rem .75rem }
  main:has(#stage), body:has(#stage) header {
    display: grid;
    grid-template-columns: minmax(0, 1fr) minmax(24rem, 30%);
    gap: 2rem;
  }
  main:has(#stage) { padding: .5rem var(--edge) 2rem }
  main:not(:has(#stage)) { max-width: 60rem }
  #stage { display: block; position: sticky; top: 1rem; align-self: start }
  #screen { position: static }
  video, #player:empty { max-height: 68vh }
  #player { overflow: hidden; border-radius: .75rem }
  #player:has(audio) { padding: 4rem 2rem; border: 1px solid var(--line) }
  #bar { margin-top: .625rem; border-radius: .25rem }
  #caption { padding: .75rem 0 .875rem }
  #title { font-size: 1.25rem }
  #about { order: 1 }
  #search { max-width: none }
  #tools .unseen { position: static; width: auto; height: auto; clip-path: none }
  #trouble, #chapters, #map { padding-inline: 0 }
  #map { display: block; padding-top: .5rem; border-top: 1px solid var(--line) }
  main:has(#stage) #shelf { padding: 0 }
  main:has(#stage) #shelf > #counts { margin-top: 0 }
}
`
