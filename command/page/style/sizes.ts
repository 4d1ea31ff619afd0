/** What differs on small and on large screens: after all that it changes. */
export const SIZES = `
@media (max-height: 30rem) {
  #screen { position: static }
  html { scroll-padding: 1rem 0 }
}
@media (hover: none) {
  /* Where its key is off, nothing else leads to the switch. */
  body:has(#letters:checked) #help { display: none }
}
@media (max-width: 30rem) {
  #tools select, #tools button, #tools a, #chapters button, #viewer button, #viewer .open { min-height: 2.75rem }
  #viewer .open { display: inline-flex; align-items: center }
  #viewer :is(.previous, .next) { min-width: 2.75rem }
  #viewer :is(.previous, .next) span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  #viewer .previous::before { content: '\\2039'; content: '\\2039' / '' }
  #viewer .next::before { content: '\\203a'; content: '\\203a' / '' }
  /* A long name needs the width: what else is known stands below it. */
  .media a { display: grid; grid-template-columns: auto auto 1fr; row-gap: 0 }
  .media .thumb { grid-row: 1 / 3 }
  .media .thumb + .name, #shelf .media small { grid-column: 2 / -1 }
  #shelf .media small { text-align: start }
}
@media (min-width: 60rem) {
  body:has(#stage[hidden]) { max-width: 64rem }
  html { scroll-padding: 2rem 0 }
  header { padding-block: 1.25rem .75rem }
  main:has(#stage:not([hidden])), body:has(#stage:not([hidden])) header {
    display: grid;
    grid-template-columns: minmax(0, 1fr) minmax(24rem, 30%);
    gap: 2rem;
  }
  main:has(#stage:not([hidden])) { padding: .5rem var(--edge) 2rem }
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
  main:has(#stage:not([hidden])) #shelf { padding: 0 }
  main:has(#stage:not([hidden])) #shelf > #counts { margin-top: 0 }
}
`
