import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { wordsOf } from "../src/problemWords";

const read = (path: string) => readFileSync(`../${path}`, "utf8");
const all = (pattern: RegExp, text: string) => [...text.matchAll(pattern)].map(([, slug]) => slug!);

/** The API's own tables, and what API Gateway answers by itself. */
const problems = read("pipeline/api/problems.py");
const worded = all(/^ {4}"([a-z-]+)": "/gm, problems);
const quoted = all(/([a-z-]+)/g, /\bPUBLIC = frozenset\(([^)]*)\)/.exec(problems)![1]!.replaceAll(/\.split|"/g, ""));
const defaults = all(/default_problem = "([a-z-]+)"/g, read("pipeline/errors.py")).filter((slug) => slug !== "output");
const gateway = all(/urn:mvp-stories:problem:([a-z-]+)/g, read("template.yaml"));
const slugs = [...new Set([...worded, ...quoted, ...defaults, ...gateway])];

describe("a problem of the API", () => {
  it("is read from its tables", () => {
    expect(slugs).toEqual(expect.arrayContaining(["quota-exceeded", "disk-full", "unsafe", "unauthorized", "not-found"]));
    expect(slugs.length).toBeGreaterThan(35);
  });

  it.each(slugs)("%s has words on the page", (slug) => {
    expect(wordsOf(slug)).toMatch(/^(problem|ask)\./);
  });

  it("that is not known has none of its own", () => {
    expect([wordsOf("a-new-one"), wordsOf("constructor")]).toEqual([null, null]);
  });
});
