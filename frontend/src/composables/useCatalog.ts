/** The published stories, a page at a time. */
import { ref, shallowRef } from "vue";
import { Problem, type Api, type Card } from "../api";

export function useCatalog(api: () => Api) {
  const cards = shallowRef<Card[]>([]);
  const problem = shallowRef<Problem | null>(null);
  const loading = ref(false);
  const locale = ref("");
  const cursor = ref("");
  let run = 0;

  async function load(more = false): Promise<void> {
    const mine = ++run;
    loading.value = true;
    try {
      const page = await api().catalog(locale.value, more ? cursor.value : "");
      if (mine !== run) return;
      cards.value = more ? [...cards.value, ...page.stories] : page.stories;
      cursor.value = page.cursor ?? "";
      problem.value = null;
    } catch (error) {
      if (mine === run) problem.value = error instanceof Problem ? error : new Problem("failed");
    } finally {
      if (mine === run) loading.value = false;
    }
  }

  return { cards, problem, loading, locale, cursor, load };
}
