/**
 * Makes sounds quieter: by their volume, or, where a browser keeps that at 1 (iOS), in the sound itself by Web Audio.
 *
 * Web Audio falls silent behind a locked screen, and takes only sounds of the page's own origin: elsewhere there is no fade.
 */
export function makeFade(elements: () => [silent: HTMLAudioElement, sounding: HTMLAudioElement]) {
  let context: AudioContext | null = null;
  let gain: GainNode | null = null;

  /** Inside a tap: later, a browser would not let it begin. */
  function prepare(): void {
    if (canSetVolume() || typeof AudioContext !== "function") return;
    context ??= new AudioContext();
    void context.resume().catch(() => undefined);
  }

  /** share: of the full volume. False where it cannot be done. */
  function fade(share: number): boolean {
    if (canSetVolume()) {
      for (const audio of elements()) audio.volume = share;
      return true;
    }
    if (share < 1 && !gain && canRoute()) route();
    if (gain) gain.gain.value = share;
    return gain !== null || share === 1;
  }

  function canSetVolume(): boolean {
    const [probe] = elements();
    const { volume } = probe;
    probe.volume = 0.5;
    const canBeSet = probe.volume === 0.5;
    probe.volume = volume;
    return canBeSet;
  }

  const canRoute = (): boolean =>
    context?.state === "running" && document.visibilityState === "visible" && elements().every((audio) => !audio.src || isOurs(audio.src));

  /** For good: an element that was routed once sounds no other way. */
  function route(): void {
    if (!context) return;
    gain = context.createGain();
    gain.connect(context.destination);
    for (const audio of elements()) context.createMediaElementSource(audio).connect(gain);
  }

  /** The elements were replaced. */
  function forget(): void {
    gain?.disconnect();
    gain = null;
  }

  return { prepare, fade, forget, isRouted: () => gain !== null };
}

const isOurs = (url: string): boolean => new URL(url, location.href).origin === location.origin;
