/** The player, and what belongs to it. */
export const STAGE = `
#stage { display: contents }
#screen { position: sticky; top: 0; z-index: 1; background: var(--ground) }
video, audio { display: block; width: 100% }
video { aspect-ratio: 16 / 9; max-height: 50vh; object-fit: contain; background: #000 }
#player:has(audio) { padding: 1.5rem var(--edge); background: var(--surface) }
#player:empty { aspect-ratio: 16 / 9; max-height: 50vh; background: #000 }
#caption { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: start; padding: .625rem var(--edge) }
#title { flex: 1 1 12rem; margin: .25rem 0 0; color: inherit; min-width: 0; font-size: 1rem; font-weight: 600; line-height: 1.3; overflow-wrap: anywhere; text-align: left }
#about { flex: 1 0 100%; margin: 0; color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere; text-align: left }
#about:empty { display: none }
#tools { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; font-size: .875rem }
#tools label { color: var(--quiet) }
#tools select { color: var(--ink) }
#tools select, #tools button, #tools a { min-height: 2.25rem }
#tools a { display: inline-flex; align-items: center; padding: 0 .5rem }
#trouble { margin: 0; padding: 0 var(--edge) .75rem; max-width: 46rem; color: var(--fault); text-wrap: pretty }
#chapters { display: flex; flex-wrap: wrap; gap: .375rem; padding: 0 var(--edge) .75rem }
#chapters button { font-size: .8125rem }
`
