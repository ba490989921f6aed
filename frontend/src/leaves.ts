/** The words of a language file as pairs: a path as in "player.play", and its sentence or list. */
export type Leaf = string | readonly string[];

export const leavesOf = (words: object, path = ""): [string, Leaf][] =>
  Object.entries(words).flatMap(([name, part]) =>
    typeof part === "string" || Array.isArray(part) ? [[path + name, part as Leaf] as [string, Leaf]] : leavesOf(part as object, `${path}${name}.`),
  );
