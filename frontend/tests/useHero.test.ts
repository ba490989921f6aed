import { beforeEach, describe, expect, it } from "vitest";
import { nextTick } from "vue";
import { useHero } from "../src/composables/useHero";
import { useWishes } from "../src/composables/useWishes";
import type { Offer } from "../src/api";

beforeEach(() => localStorage.clear());

describe("the child's name", () => {
  it("is not sent before a grown-up's yes, and then without another question", async () => {
    const { hero, question, agreed, allowed } = useHero();
    hero.value = { name: " Siobhán ", sounds: "Shi-vawn", agreed: "" };
    const first = allowed();
    expect([agreed(), question.value !== null]).toEqual([null, true]);
    question.value?.(true);
    expect(await first).toEqual({ name: "Siobhán", sounds: "Shi-vawn" });
    const second = allowed();
    expect(question.value).toBeNull();
    expect(await second).toEqual({ name: "Siobhán", sounds: "Shi-vawn" });
  });

  it("is left out after a no, and asked about again another time", async () => {
    const { hero, question, allowed } = useHero();
    hero.value.name = "Mia";
    const answer = allowed();
    question.value?.(false);
    expect(await answer).toBeNull();
    void allowed();
    expect(question.value).not.toBeNull();
  });

  it("wants a yes of its own for each name", async () => {
    const { hero, agreed } = useHero();
    hero.value = { name: "Mia", sounds: "", agreed: "Mia" };
    expect(agreed()).toEqual({ name: "Mia" });
    hero.value.name = "Ben";
    expect(agreed()).toBeNull();
  });

  it("stays on this device, with what was said about it", async () => {
    useHero().hero.value = { name: "Mia", sounds: "Mee-a", agreed: "Mia" };
    await nextTick();
    expect(useHero().agreed()).toEqual({ name: "Mia", sounds: "Mee-a" });
  });

  it("is a name as the API takes it, in any script", () => {
    const { hero, isWrong } = useHero();
    const wrong = (name: string) => ((hero.value.name = name), isWrong.value);
    expect(["", "Mia", "Siobhán", "Jean-Luc", "O’Neil", "محمد", "小明", "Anna Lena"].filter(wrong)).toEqual([]);
    expect(["R2", "-Mia", "<b>", "a".repeat(41), "Mia!"].filter((name) => !wrong(name))).toEqual([]);
  });

  it("is forgotten with all that was said about it once the field is emptied", async () => {
    const { hero } = useHero();
    hero.value = { name: "Mia", sounds: "Mee-a", agreed: "Mia" };
    await nextTick();
    hero.value.name = "";
    await nextTick();
    await nextTick();
    expect(localStorage.getItem("mvp-stories.hero")).toBe('{"name":"","sounds":"","agreed":""}');
  });

  it("needs no question where there is none", async () => {
    const { question, allowed } = useHero();
    expect([await allowed(), question.value]).toEqual([null, null]);
  });
});

describe("length and age", () => {
  const offer = (names: string[]) => ({ lengths: names.map((name) => ({ name, words: [1, 2], minutes: 1 })), audiences: [] }) as unknown as Offer;

  it("are sent where they are not what the storyteller does anyway", () => {
    const { length, wishes } = useWishes(() => offer(["short", "long"]));
    expect([length.value, wishes()]).toEqual(["short", {}]);
    length.value = "long";
    expect(wishes()).toEqual({ length: "long" });
  });

  it("are remembered, unless they are not offered any more", async () => {
    useWishes(() => offer(["short", "long"])).length.value = "long";
    await nextTick();
    expect(useWishes(() => offer(["short", "long"])).wishes()).toEqual({ length: "long" });
    expect([useWishes(() => offer(["short"])).length.value, useWishes(() => offer([])).wishes()]).toEqual(["short", {}]);
  });
});
