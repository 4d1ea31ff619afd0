import { one } from './dom.ts'

export interface Viewer {
  open(link: HTMLAnchorElement): void
  close(): void
}

/** Whether a link leads to a picture, or to a PDF where the browser shows them: phones do not. */
export function canShow(link: HTMLAnchorElement): boolean {
  const { pdfViewerEnabled, vendor, maxTouchPoints } = navigator
  // They say that they do, and show the first page alone.
  const isIPhoneOrIPad = vendor.startsWith('Apple') && maxTouchPoints > 0
  return link.matches('.picture') || (link.matches('.pdf') && pdfViewerEnabled && !isIPhoneOrIPad)
}

/** Shows pictures and PDFs above the page. It runs in the browser, from its own source text. */
export function startViewer(): Viewer {
  const dialog = one<HTMLDialogElement>('#viewer')
  const frame = one('.frame', dialog)
  let shown: HTMLAnchorElement | null = null

  one('.previous', dialog).addEventListener('click', () => step(-1))
  one('.next', dialog).addEventListener('click', () => step(1))
  one('.close', dialog).addEventListener('click', () => dialog.close())
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog || target === frame) dialog.close()
  })
  dialog.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowLeft') step(-1)
    if (key === 'ArrowRight') step(1)
  })
  dialog.addEventListener('close', () => {
    frame.replaceChildren()
    shown?.focus()
  })

  return {
    open(link) {
      show(link)
      dialog.showModal()
    },
    close: () => dialog.close(),
  }

  function show(link: HTMLAnchorElement): void {
    shown = link
    const name = link.querySelector('img')?.alt ?? link.querySelector('.name')?.textContent ?? ''
    one('.name', dialog).textContent = name
    one<HTMLAnchorElement>('.open', dialog).href = link.href
    frame.replaceChildren(link.matches('.picture') ? makePicture(link, name) : makePdf(link, name))
    const { length } = others()
    one('.previous', dialog).hidden = length < 2
    one('.next', dialog).hidden = length < 2
  }

  function step(by: number): void {
    const links = others()
    const at = shown === null ? -1 : links.indexOf(shown)
    const link = links[(at + by + links.length) % links.length]
    if (link !== undefined) show(link)
  }

  /** All of the kind that is shown. */
  function others(): HTMLAnchorElement[] {
    const kind = shown?.matches('.pdf') ? '.pdf' : '.picture'
    return [...document.querySelectorAll<HTMLAnchorElement>(kind)].filter((link) => {
      return link.closest('[hidden]') === null
    })
  }

  function makePicture({ href }: HTMLAnchorElement, name: string): HTMLElement {
    const image = document.createElement('img')
    image.src = href
    image.alt = name
    return image
  }

  function makePdf({ href }: HTMLAnchorElement, name: string): HTMLElement {
    const pdf = document.createElement('iframe')
    pdf.src = href
    pdf.title = name
    return pdf
  }
}
