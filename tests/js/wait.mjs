// Waiting that always ends: for a promise with a deadline, or for a state that can only be asked for.

const ASK_EVERY_MS = 25;

/** `promise`, or an error naming `what` after `ms` milliseconds. */
export function within(promise, ms, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * Asks `condition` again and again until it gives something true, and returns that.
 *
 * For what has no event to wait for: a server that starts, a local list of the SDK. An error thrown by
 * `condition` counts as "not yet" and is told if time runs out.
 */
export async function until(condition, ms, what) {
  const end = Date.now() + ms;
  let last = 'it stayed false';
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      last = error.message;
    }
    if (Date.now() >= end) throw new Error(`waited ${ms} ms in vain: ${what} (${last})`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** For limits that are made of time itself, such as an idle period or a rate inside the SDK. */
export function elapse(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
