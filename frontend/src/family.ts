/** What a family's own calls send and answer, until openapi.d.ts has them: one type a schema. */
import type { components } from "./openapi";

type Schemas = components["schemas"];

/** words: from and to. minutes: of sound. */
export interface Length {
  name: string;
  words: readonly [number, number];
  minutes: number;
}
export interface Audience {
  name: string;
  ages: readonly [number, number];
}
/** privateDays: after so many a story with a name is deleted. */
export interface FamilyOffer {
  lengths?: Length[];
  audiences?: Audience[];
  privateDays?: number | null;
}

/** sounds: how the name is said, as "Shi-vawn". */
export interface Hero {
  name: string;
  sounds?: string;
}
/** What is asked for beside the idea and its language; the API's defaults are left out. */
export interface Wishes {
  length?: string;
  audience?: string;
  hero?: Hero;
}
/** audio: base64. */
export interface NameView {
  mediaType: string;
  audio: string;
  durationMs: number;
}

/** expires: a date of ISO 8601. revises: the id of the text before it was edited. */
export interface StoryOfFamily {
  length?: string | null;
  audience?: string | null;
  private?: boolean | null;
  expires?: string | null;
  revises?: string | null;
}

export type ShelfCard = Schemas["Card"] & {
  locales?: string[];
  created?: string | null;
  published?: boolean | null;
  private?: boolean | null;
  expires?: string | null;
  quick?: boolean | null;
  revises?: string | null;
};
export interface ShelfPage {
  stories: ShelfCard[];
  cursor?: string | null;
}

/** needed: a PIN guards what only a grown-up may do. set: there is one. */
export interface PinView {
  needed: boolean;
  set: boolean;
}
/** segment: from 0. text: "" takes the sentence out, of the English text only. */
export interface Edits {
  changes: { segment: number; text: string }[];
  title?: string;
}
