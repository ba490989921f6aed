/** The audio that plays, and the word highlighted for it. */

/** The page makes its sounds out of sight: keep them. To be called before the page is opened. */
export const overhear = (page) =>
  page.addInitScript(() => {
    globalThis.sounds = [];
    const Sound = globalThis.Audio;
    globalThis.Audio = function () {
      const audio = new Sound();
      globalThis.sounds.push(audio);
      return audio;
    };
    globalThis.sounding = () => globalThis.sounds.find((sound) => !sound.paused && !sound.ended) ?? null;
    globalThis.isWhole = (audio) => audio.src.includes("/media/stories/");
  });

/** Until `condition`, a function of the page, holds: no fixed wait, and a bound that only a fault reaches. */
export const until = (page, condition, detail = null, timeout = 90_000) => page.waitForFunction(condition, detail, { timeout, polling: 50 });

/** Until something sounds, and is further than some milliseconds. */
export const sounds = (page, ms = 0) => until(page, (least) => (globalThis.sounding()?.currentTime ?? 0) * 1000 > least, ms);

/** Milliseconds into what sounds. */
export const heardMs = (page) => page.evaluate(() => (globalThis.sounding()?.currentTime ?? -1) * 1000);

/**
 * Notes each word at the moment when it is shown, with the place of the sound at that moment. An observer of the page,
 * not a clock of our own: a busy machine makes the page late, never the note of it.
 */
export const noteWords = (page) =>
  page.evaluate(() => {
    globalThis.noted = [];
    let last = "";
    const note = () => {
      const word = document.querySelector(".said");
      const place = word ? `${word.parentElement.dataset.sentence} ${word.dataset.mark}` : "";
      if (place === last) return;
      last = place;
      const sound = globalThis.sounding();
      const [sentence, mark] = place.split(" ").map(Number);
      if (word) globalThis.noted.push({ sentence, mark, ms: sound ? sound.currentTime * 1000 : null, whole: sound ? globalThis.isWhole(sound) : false });
    };
    globalThis.noting?.disconnect();
    globalThis.noting = new MutationObserver(note);
    globalThis.noting.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
  });

export const notedWords = (page) => page.evaluate(() => globalThis.noted);

/**
 * How far words were shown from where they sound, in milliseconds of the story; for every word up to the last one shown,
 * so that a word passed over is as late as the one that came in its stead. silent: words shown while nothing sounded.
 */
export function errorsOf(noted, story) {
  const errors = [];
  let before = null;
  for (const { sentence, mark, ms, whole } of noted) {
    if (ms === null) continue;
    const { marks, startMs } = story.segments[sentence];
    const at = ms - (whole ? startMs : 0);
    const first = before?.sentence === sentence && before.mark < mark ? before.mark + 1 : before?.sentence === sentence - 1 ? 0 : mark;
    for (let index = first; index <= mark; index += 1) errors.push(Math.abs(at - marks[index].timeMs));
    before = { sentence, mark };
  }
  errors.sort((a, b) => a - b);
  const share = (part) => Math.round(errors[Math.floor((errors.length - 1) * part)] ?? -1);
  const end = story.segments.length - 1;
  return {
    words: errors.length,
    median: share(0.5),
    p98: share(0.98),
    worst: share(1),
    silent: noted.filter(({ ms }) => ms === null).length,
    toTheEnd: before?.sentence === end && before.mark === story.segments[end].marks.length - 1,
  };
}
