// What a person reads while the suite runs, and the counts at its end.

/** A failed comparison of two message objects fills pages; its beginning tells enough. */
const MESSAGE_LINES = 30;

export class Report {
  #passed = 0;
  #failures = [];
  #notes = [];

  passed(title) {
    this.#passed += 1;
    console.log(`ok    ${title}`);
  }

  failed(title, error) {
    this.#failures.push({ title, error });
    console.log(`FAIL  ${title}\n${indent(tell(error))}`);
  }

  /** Something long that helps with a failure; it is printed after all checks. */
  note(text) {
    this.#notes.push(text);
  }

  /** How long a part took: whoever has the suite wait less begins with the longest. */
  ended(part, seconds) {
    console.log(`--    ${part} took ${seconds.toFixed(0)} s`);
  }

  hasFailures(part) {
    return this.#failures.some(({ title }) => title.startsWith(`${part}: `));
  }

  /** Prints the notes, the failures once more, and the counts as the last line. Gives the exit code. */
  close() {
    this.#notes.forEach((note) => console.log(`\n${note}`));
    if (this.#failures.length > 0) {
      console.log(`\nfailed:\n${this.#failures.map(({ title }) => `  ${title}`).join('\n')}`);
    }
    console.log(`\n${this.#passed} passed, ${this.#failures.length} failed`);
    return this.#failures.length === 0 && this.#passed > 0 ? 0 : 1;
  }
}

function tell(error) {
  const stack = (error.stack ?? '').split('\n').filter((line) => line.includes('/tests/sdk/') && !line.includes('node_modules'));
  const message = error.message.split('\n');
  const cut = message.length > MESSAGE_LINES ? [`(${message.length - MESSAGE_LINES} more lines)`] : [];
  return [...message.slice(0, MESSAGE_LINES), ...cut, ...stack.slice(0, 4).map((line) => line.trim())].join('\n');
}

function indent(text) {
  return text.split('\n').map((line) => `      ${line}`).join('\n');
}
