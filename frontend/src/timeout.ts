/** AbortSignal.timeout, which Safari has from 16 on. Once the answer is there, the late end of it is nobody's. */
export function timeoutSignal(ms: number): AbortSignal {
  const patience = new AbortController();
  setTimeout(() => patience.abort(), ms);
  return patience.signal;
}
