/** The range map. */
export const MAP = `
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
#map { display: none; padding: 0 var(--edge) .75rem; font-size: .8125rem }
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
#map:not(:has([open])) .of-rows { display: none }
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
.line .tick { inset-block: -2px; min-width: 2px; margin-inline-start: -1px; background: var(--fault) }
@media (prefers-reduced-motion: no-preference) {
  .line .part, #bar .head { transition: width .2s linear, inset-inline-start .2s linear }
}
/* Colours are all that it says. */
@media (forced-colors: active) {
  #bar, .line, .legend i { forced-color-adjust: none }
}
`
