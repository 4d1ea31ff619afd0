import { writeFileSync } from 'node:fs'
import process from 'node:process'

/** A reporter for vitest: writes down which files failed, each behind the name of its project. */
export default class {
  onTestRunEnd(files, errors) {
    const failed = files.filter((file) => file.state() === 'failed')
    const lines = failed.map(
      ({ project, relativeModuleId }) => `${project.name} ${relativeModuleId}\n`,
    )
    // A failure outside of all files is not undone by running a file again.
    if (errors.length === 0) writeFileSync(process.env.FAILED, lines.join(''))
  }
}
