/** What all of the page has in common: colours, type, controls. */
export const BASE = `
:root {
  color-scheme: light dark;
  --ground: #f7f7f5;
  --surface: #fff;
  --ink: #1c1c1f;
  --quiet: #62626a;
  --line: #e3e3df;
  --accent: #0b57d0;
  --chosen: #e4edfb;
  --pale: #7799dd;
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
    --pale: #4a69a3;
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
`
