/** What lies above the page: a line that goes away, pictures, the keys. */
export const LAYERS = `
#toast {
  position: fixed;
  inset: auto 0 1rem;
  z-index: 3;
  width: fit-content;
  max-width: calc(100vw - 2rem);
  margin: 0 auto;
  padding: .625rem 1rem;
  border-radius: .5rem;
  background: var(--ink);
  color: var(--ground);
  font-size: .875rem;
}
#toast:empty { padding: 0 }
dialog { border: 1px solid var(--line); border-radius: .75rem; background: var(--surface); color: var(--ink) }
dialog::backdrop { background: rgb(0 0 0 / .7) }
#shortcuts { width: min(26rem, calc(100vw - 2rem)); padding: 1.25rem 1.5rem }
#shortcuts h2 { margin: 0 0 .75rem; color: inherit; font-size: 1rem }
#shortcuts dl { margin: 0 0 1rem }
#shortcuts dl div { display: flex; gap: 1rem; justify-content: space-between; padding: .3125rem 0; border-top: 1px solid var(--line) }
#shortcuts dd { margin: 0; order: -1 }
#shortcuts form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between }
#shortcuts label { padding: .5rem 0; color: var(--quiet) }
kbd { padding: .0625rem .4rem; border: 1px solid var(--line); border-radius: .25rem; font: .8125rem/1.4 ui-monospace, monospace }
#viewer { width: 100vw; height: 100dvh; max-width: none; max-height: none; padding: 0; border: 0; border-radius: 0; background: #101012; color: #ececf0; --accent: #8ab4f8 }
#viewer[open] { display: grid; grid-template-rows: minmax(0, 1fr) auto }
#viewer .frame { display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr); place-items: center; min-height: 0 }
#viewer img { max-width: 100%; max-height: 100%; object-fit: contain }
#viewer iframe { width: 100%; height: 100%; border: 0; background: #fff }
#viewer p { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0; padding: .75rem var(--edge) }
#viewer .name { flex: 99 1 12rem }
#viewer .row { display: flex; flex: 1 0 auto; gap: .5rem; align-items: center }
#viewer .open { margin-inline-end: auto; padding-inline-start: 0 }
#viewer a { padding: .5rem }
#viewer button { border-color: #3a3a42; background: #1c1c20; color: inherit }
`
