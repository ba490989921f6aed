/** A list of stories, a page at a time. */
import { ref, shallowRef } from "vue";
import { problemOf, type Problem } from "../http";

interface Page<Item> {
  stories: Item[];
  cursor?: string | null;
}

/** read: the page after a cursor, the first for "". */
export function usePages<Item>(read: (cursor: string) => Promise<Page<Item>>) {
  const cards = shallowRef<Item[]>([]);
  const problem = shallowRef<Problem | null>(null);
  const loading = ref(false);
  const cursor = ref("");
  let run = 0;

  async function load(more = false): Promise<void> {
    const mine = ++run;
    loading.value = true;
    try {
      const page = await read(more ? cursor.value : "");
      if (mine !== run) return;
      cards.value = more ? [...cards.value, ...page.stories] : page.stories;
      cursor.value = page.cursor ?? "";
      problem.value = null;
    } catch (error) {
      if (mine === run) problem.value = problemOf(error);
    } finally {
      if (mine === run) loading.value = false;
    }
  }

  return { cards, problem, loading, cursor, load };
}
