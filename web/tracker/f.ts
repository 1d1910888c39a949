// The script that a counted page carries: tells the server what its reader does. docs/wire.md is what it speaks.
//
// A guest in other people's pages: it throws nothing into them, keeps nothing on the device unless the page asks for
// data-mode="session", and works without storage and without BroadcastChannel. Every byte here is paid by each reader:
// the build refuses more than 1,100 bytes gzipped, so terms stay plain and nothing is configurable that was not asked for.
// It is built twice: f.js, and f.scroll.js for those whose readers may pay a little more to tell how far they scrolled.

declare const SCROLL: boolean; // which of both is being built

declare global {
  interface Window {
    footfall?: (name: string, data?: unknown) => void;
  }
}

type Kind = "view" | "beat" | "event" | "leave";
/** When it happened, what kind it is, and its JSON as it travels but for `a`, the age at the moment of sending. */
type Fact = [at: number, kind: Kind, json: string];

let seen: number; // how far down, in pixels; this and what follows is left out of f.js
let height: number; // of the page at its highest: pages grow while they load
/** The deepest part that was on the screen, in percent. While a router is at work, what is there belongs to the next page. */
const depth = (here: boolean) => {
  if (here) {
    seen = Math.max(seen, scrollY + innerHeight);
    height = Math.max(height, document.documentElement.scrollHeight);
  }
  return Math.min(100, Math.round(100 * seen / height));
};
const begin = () => {
  seen = height = 1;
  depth(true);
};

((d, l, h, now) => {
  const script = d.currentScript as HTMLScriptElement;
  const { site, mode, api = "e" } = script.dataset;
  const end = new URL(api, script.src);
  const random = () => crypto.getRandomValues(new Uint32Array(3)).join("-");
  const later = (f: () => void, ms: number) => setTimeout(f, ms * (1 + Math.random()));
  const here = () => l.href.split("#")[0];
  let session: string | undefined;
  let queue: Fact[] = []; // not answered yet
  let busy = 1; // one request at a time, and none before the page is seen
  let wait = 500; // milliseconds, doubled by each failure
  let timer = 0;
  let retry = 0;
  let url = ""; // of the last view; "" before the first and after the reader left
  let told: string; // where the server believes the reader is, whichever tab said so
  let last = 0; // when it was told
  let since = 0; // visible since; 0 while it is not
  let engaged = 0;
  let tabs: BroadcastChannel | undefined;

  const tell = (k: Kind, more: object) =>
    queue.push([now(), k, JSON.stringify({ s: site, k, i: random(), u: here(), v: session, ...more })]);

  /** What goes next: nothing too old; after failures fewer at a time, should one of them or their size be the cause. */
  const pending = () => (queue = queue.filter((f) => now() - f[0] < 18e5).slice(-100)).slice(0, 5e4 / wait);
  const aged = (f: Fact) => `{"a":${Math.max(0, now() - f[0])},` + f[2].slice(1);
  const body = (facts: Fact[]) => `[${facts.map(aged)}]`;

  const send = async () => {
    const facts = pending();
    if (busy || !facts[0]) return;
    busy = 1;
    clearTimeout(retry);
    let status = 500;
    try {
      // not keepalive: what is not answered when the page goes is sent once more by the beacon
      status = (await fetch(end, { method: "POST", credentials: "omit", body: body(facts) })).status;
    } catch { /* no network, or the reader blocks it */ }
    busy = 0;
    const failed = status == 429 || status >= 500;
    // what was answered is stored, or refused for good; of beats only the newest matters
    queue = queue.filter((f) => failed ? f[1] != "beat" : !facts.includes(f));
    if (failed) {
      last = 0;
      retry = later(send, wait = Math.min(wait * 2, 5e4));
    } else {
      wait = 500;
      send();
    }
  };

  /** After a sign of life, of whichever tab, every visible tab rolls its next beat anew: 20 to 40 s. */
  const heard = (where = told) => {
    told = where;
    clearTimeout(timer);
    // told is "" when a tab left that may have spoken for the reader: the server waits ten seconds for another
    if (since) timer = later(pulse, told ? 2e4 : 3e3);
  };
  const alive = () => {
    tabs?.postMessage(url);
    last = now();
    heard(url);
    send();
  };
  const tick = () => {
    engaged += since && now() - since;
    since = d.hidden ? 0 : now();
  };
  /** Tells the engagement with this page that no fact told yet. */
  const spent = (k: Kind) => {
    tick();
    tell(k, SCROLL ? { u: url, e: engaged, c: depth(here() == url) } : { u: url, e: engaged });
    engaged = 0;
  };
  const pulse = () => {
    spent("beat");
    alive();
  };
  const view = () => {
    if (!since || here() == url) return; // what nobody saw is no view: opened behind, prerendered, opted out
    if (url) spent("leave");
    else busy = 0;
    tell("view", { r: url || d.referrer, t: d.title, w: screen.width, l: navigator.language });
    url = here();
    if (SCROLL) begin();
    alive();
  };
  const settled = () => {
    if (!since) return;
    try {
      (tabs ||= new BroadcastChannel("footfall" + site)).onmessage = (m) => {
        last = now();
        heard(m.data);
      };
    } catch { /* then each tab beats for itself */ }
    view();
    if (told != url || now() - last > 2e4) pulse();
  };
  const changed = () => {
    tick();
    heard();
    later(settled, 100); // by then a router has set the title, and often the address once more
  };

  self.footfall = (n, d) => {
    try {
      view();
      tell("event", { n, d });
      send();
    } catch { /* not JSON */ }
  };
  try {
    const disk = localStorage;
    // whoever opens a page of his with #footfall_ignore=true, or =false, says so for this browser; the address is put right
    const [page, wish] = l.href.split("#footfall_ignore=");
    if (wish) h.replaceState(null, disk.footfall_ignore = wish, page); // the second is ignored by all browsers
    if (disk.footfall_ignore == "true") return; // busy for good: nothing is ever sent
    if (mode == "session") session = disk.footfall ||= random();
  } catch { /* blocked: as in the default mode */ }
  (["pushState", "replaceState"] as const).map((k) => {
    const real = h[k];
    h[k] = (...a) => {
      real.apply(h, a);
      changed();
    };
  });
  ["popstate", "visibilitychange", "pageshow", "focus", "online"].map((e) => addEventListener(e, changed));
  if (SCROLL) addEventListener("scroll", () => depth(here() == url), { passive: true });
  addEventListener("pagehide", () => {
    view();
    if (!url) return; // nobody saw it
    spent("leave");
    navigator.sendBeacon?.(end, body(pending()));
    url = "";
    since = 0;
    tabs?.postMessage(url);
    tabs = tabs?.close() as undefined; // an open channel would keep the page out of the back/forward cache
  });
  changed();
})(document, location, history, Date.now);

export {};
