/** A way out where no setting helps. */
export const BYTESERVE: string =
  'Serve the file with byteserve (nodeListener of byteserve/node) in place of express.static'
