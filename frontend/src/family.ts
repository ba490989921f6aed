/** What a family's own calls send and answer. */
import type { components } from "./openapi";

type Schemas = components["schemas"];

export type Length = Schemas["LengthView"];
export type Audience = Schemas["AudienceView"];
export type Hero = Schemas["HeroOrder"];
export type NameView = Schemas["NameView"];
export type PinView = Schemas["PinView"];
export type ShelfCard = Schemas["ShelfCard"];
export type ShelfPage = Schemas["ShelfPage"];

/** What is asked for beside the idea and its language; the API's defaults are left out. */
export type Wishes = Partial<Pick<Schemas["StoryOrder"], "length" | "audience" | "hero">>;

/** segment: from 0. text: "" takes the sentence out, of the English text only. */
export type Edits = Pick<Schemas["EditOrder"], "title"> & { changes: Schemas["ChangeOrder"][] };
