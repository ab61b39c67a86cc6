/** Random choices that can be made again: `--seed N` repeats those of an earlier run. */

const given = process.argv.indexOf("--seed");

/** The seed of this run. A gate that makes random choices prints it. */
export const seed = given < 0 ? Math.floor(Math.random() * 2 ** 32) : Number(process.argv[given + 1]);

/** A generator of numbers from 0 to before 1 (mulberry32). */
export function generator(start) {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Shuffles a list in place. */
export function shuffle(list, random) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}
