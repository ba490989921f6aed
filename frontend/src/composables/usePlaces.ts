/** Where stories were left on this device, so that they go on there another day. */
import { useStored } from "./useStored";

const MOST = 30;

interface Left {
  id: string;
  segment: number;
}

const isLeft = (value: unknown): value is Left =>
  typeof value === "object" && value !== null && typeof (value as Left).id === "string" && Number.isInteger((value as Left).segment);
const areLeft = (value: unknown): value is Left[] => Array.isArray(value) && value.every(isLeft);

export function usePlaces() {
  const left = useStored<Left[]>("places", [], areLeft);

  /** 0: at the beginning, or not known. */
  const placeIn = (id: string): number => left.value.find((place) => place.id === id)?.segment ?? 0;

  /** The newest are kept; the first sentence is no place to go on from. */
  function keep(id: string, segment: number): void {
    const others = left.value.filter((place) => place.id !== id);
    left.value = segment > 0 ? [{ id, segment }, ...others].slice(0, MOST) : others;
  }

  return { placeIn, keep };
}
