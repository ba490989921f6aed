/** The API's labels in the page's words; a label that is new here stays as it is. */
import { useI18n } from "../i18n";

export function useLabels(): (label: string) => string {
  const { t, has } = useI18n();
  return (label) => {
    const key = `story.labels.${label.replaceAll(" ", "-")}`;
    return has(key) ? t(key) : label;
  };
}
