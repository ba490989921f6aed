/** Sounds whose addresses have run out: they are signed anew, a few times in a row at most. */
import { ref } from "vue";

const RENEWALS = 2;

export function useMending(renew: () => Promise<void>) {
  /** The sound would not load. */
  const broken = ref(false);
  let renewals = 0;

  /** Whether it is worth another try. */
  async function mend(): Promise<boolean> {
    renewals += 1;
    const isMended = renewals <= RENEWALS && (await renew().then(() => true, () => false));
    if (!isMended) renewals = 0;
    broken.value = !isMended;
    return isMended;
  }

  /** Something was heard. */
  function heard(): void {
    renewals = 0;
  }

  return { broken, mend, heard };
}
