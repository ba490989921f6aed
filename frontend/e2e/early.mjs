/** The API's answers about a story that is only begun: in the line, then with its first words. */
export const ID = "b".repeat(32);

const view = (more) => ({ id: ID, locale: "en", status: "writing", segments: [], labels: [], engines: {}, locales: [], ...more });

export const LINE = view({ status: "queued", progress: { done: 0, total: 0, ahead: 2, firstWordSeconds: 47 } });
export const WORDS = view({
  progress: { done: 0, total: 0, firstWordSeconds: 12 },
  early: { hero: "Moth", title: "The Lantern and the Moth", sentences: ["A small lantern hung by the door.", "It was afraid of moths."] },
});
