/** An edition's name, as in the address: "fr", or "fr-x-sara-p90" by another voice or at another pace. */
export interface Parts {
  locale: string;
  /** "": the locale's own. */
  voice: string;
  pace: number;
}

const NAME = /^(.+?)-x-([a-z]+)(?:-p(\d+))?$/;

export function editionOf(spoken: { locale: string; voice?: string | null; pace?: number | null }): string {
  if (!spoken.voice) return spoken.locale;
  const pace = spoken.pace ?? 1;
  return `${spoken.locale}-x-${spoken.voice}${pace === 1 ? "" : `-p${Math.round(pace * 100)}`}`;
}

export function partsOf(edition: string): Parts {
  const [, locale, voice, percent] = NAME.exec(edition) ?? [];
  return locale && voice ? { locale, voice, pace: Number(percent ?? 100) / 100 } : { locale: edition, voice: "", pace: 1 };
}

export const localeOf = (edition: string): string => partsOf(edition).locale;

/** "sara" as a heading has it. */
export const titleOf = (voice: string): string => voice.charAt(0).toUpperCase() + voice.slice(1);
