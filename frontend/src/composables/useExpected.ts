/** The expected time to a story's first word, in a person's words; "": not known. */
import { computed, type Ref } from "vue";
import { useI18n } from "../i18n";
import type { Story } from "../api";
import { inWords } from "../waiting";
import { useCountdown } from "./useCountdown";

export function useExpected(story: () => Story | null): Readonly<Ref<string>> {
  const { t } = useI18n();
  const left = useCountdown(() => story()?.progress?.firstWordSeconds);
  return computed(() => {
    if (left.value === null) return "";
    const { name, n } = inWords(left.value);
    return t(`wait.${name}`, { n });
  });
}
