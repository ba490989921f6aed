import { describe, expect, it } from "vitest";
import { leavesOf } from "../src/leaves";
import de from "../src/locales/de";
import en from "../src/locales/en";
import { words } from "../words";

describe("a language's words in the build", () => {
  it("are its sentences and lists in the order of English's, without their names", async () => {
    const { code } = await (words() as unknown as { transform(code: string, id: string): Promise<{ code: string }> }).transform("", `${process.cwd()}/src/locales/de.ts`);
    const built = JSON.parse(code.replace("export default ", "")) as unknown[];
    const paths = leavesOf(en).map(([path]) => path);
    expect(built.length).toBe(paths.length);
    expect([built[paths.indexOf("ask.go")], built[paths.indexOf("ask.ideas")], built[paths.indexOf("problem.wait")]]).toEqual([de.ask.go, de.ask.ideas, de.problem.wait]);
  });

  it("are paths to a sentence or a list", () => {
    expect(leavesOf({ a: "x", b: { c: ["y"], d: { e: "z" } } })).toEqual([["a", "x"], ["b.c", ["y"]], ["b.d.e", "z"]]);
  });
});
