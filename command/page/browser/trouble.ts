/**
 * Why a film does not play: a browser does not tell a file that it can't play from one that it
 * can't get. It runs in the browser, from its own source text.
 *
 * @param hasPlayed whether it has played some of the file
 */
export async function explainTrouble(href: string, hasPlayed: boolean): Promise<string> {
  try {
    const { ok, status } = await fetch(location.origin + href, { method: 'HEAD' })
    if (ok && hasPlayed) {
      return 'This file breaks off here: it has changed, or is damaged. Choose it again to go on.'
    }
    if (ok) {
      return 'This browser can’t play this file. Download it, or copy its address and open that in VLC or another player.'
    }
    if (status === 404) return 'This file is no longer there.'
    return `The server can’t give this file now (${status}). Choose it again to try once more.`
  } catch {
    return 'The server does not answer. Choose the file again once it is back.'
  }
}
