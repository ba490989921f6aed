/** Changes of stories, pushed over one WebSocket. A change says that there is something new; its follower reads the story itself. */

/** state: as a story's `status`; "done" and "failed" are the last. seen: what a later connection resumes from. */
export interface PushEvent {
  id: string;
  edition: string;
  state: string;
  done: number;
  total: number;
  seen: string;
}

export interface Push {
  /**
   * Follows an edition until the returned function is called. onLink: whether changes arrive; while they do not, poll.
   * A link comes and goes; where push cannot be had, there never is one.
   */
  follow(
    id: string,
    edition: string,
    onChange: (event: PushEvent) => void,
    onLink: (connected: boolean) => void,
  ): () => void;
}

interface Follower {
  id: string;
  edition: string;
  seen: string;
  onChange: (event: PushEvent) => void;
  onLink: (connected: boolean) => void;
}

/** Of one connection; the newest are followed. */
const MOST = 20;
const FIRST_MS = 500;
const LONGEST_MS = 60_000;
/** Connections that fail one after the other before push is given up, until the network comes back or a story is followed. */
const TRIES = 6;
/** A connection that ends sooner has failed, too. */
const STEADY_MS = 10_000;
/** A connection that nobody needs: the next story is often followed at once. */
const LINGER_MS = 15_000;

/** open: the address of a new connection; null where push is not offered. It may reject, as without a network. */
export function makePush(open: () => Promise<string | null>): Push {
  const followers = new Set<Follower>();
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOffered = typeof WebSocket === "function";
  let isConnecting = false;
  let tries = 0;

  function follow(...[id, edition, onChange, onLink]: Parameters<Push["follow"]>): () => void {
    const follower = { id, edition, seen: "", onChange, onLink };
    followers.add(follower);
    wait(0);
    if (isLinked()) {
      send();
      onLink(true);
    } else {
      tries = 0;
      void connect();
    }
    return () => {
      if (!followers.delete(follower)) return;
      if (followers.size && isLinked()) send();
      if (!followers.size) wait(LINGER_MS, leave);
    };
  }

  async function connect(): Promise<void> {
    if (!isOffered || isConnecting || socket || !followers.size) return;
    wait(0);
    isConnecting = true;
    try {
      const address = await open();
      isOffered = address !== null;
      if (address !== null && followers.size) listen(new WebSocket(address));
    } catch {
      retry();
    } finally {
      isConnecting = false;
    }
  }

  function listen(opened: WebSocket): void {
    let since = Infinity;
    socket = opened;
    opened.onopen = () => {
      if (opened !== socket) return;
      since = Date.now();
      send();
      tell(true);
    };
    opened.onmessage = ({ data }) => {
      const event = opened === socket ? eventOf(data) : null;
      if (event) receive(event);
    };
    opened.onclose = () => {
      if (opened !== socket) return;
      socket = null;
      if (Date.now() - since > STEADY_MS) tries = 0;
      tell(false);
      retry();
    };
  }

  function receive(event: PushEvent): void {
    for (const follower of [...followers]) {
      if (follower.id !== event.id || follower.edition !== event.edition) continue;
      follower.seen = event.seen;
      follower.onChange(event);
    }
  }

  function send(): void {
    const follow = [...followers].slice(-MOST).map(({ id, edition, seen }) => ({ id, edition, seen }));
    socket?.send(JSON.stringify({ follow }));
  }

  function tell(connected: boolean): void {
    for (const follower of [...followers]) follower.onLink(connected);
  }

  /** With jitter, so that the pages of a server that came back do not all come at once. */
  function retry(): void {
    tries += 1;
    if (tries <= TRIES) wait(Math.min(LONGEST_MS, FIRST_MS * 2 ** tries) * (0.5 + Math.random() / 2), connect);
  }

  function wait(ms: number, then?: () => void): void {
    clearTimeout(timer);
    timer = then ? setTimeout(then, ms) : undefined;
  }

  function leave(): void {
    const left = socket;
    socket = null;
    left?.close();
  }

  const isLinked = (): boolean => socket?.readyState === WebSocket.OPEN;

  /** The network is back. */
  function hurry(): void {
    tries = 0;
    void connect();
  }

  globalThis.addEventListener?.("online", hurry);
  return { follow };
}

function eventOf(data: unknown): PushEvent | null {
  try {
    const event = JSON.parse(String(data)) as PushEvent | null;
    return typeof event?.id === "string" && typeof event.seen === "string" ? event : null;
  } catch {
    return null;
  }
}
