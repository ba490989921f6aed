/** The API's labels in the page's words; a label that is new here stays as it is. */
import { useI18n } from "vue-i18n";

export function useLabels(): (label: string) => string {
  const { t, te } = useI18n();
  return (label) => {
    const key = `story.labels.${label.replaceAll(" ", "-")}`;
    return te(key, "en") ? t(key) : label;
  };
}
