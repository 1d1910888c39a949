// A page as sites of the original have it: a hook that tracks, and a page of statistics that is always up to date. Its path in
// the fragment stands for a router's.

import { useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { ConvexProvider, ConvexReactClient, useMutation, useQuery } from "convex/react";
import { ConvexHttpClient } from "convex/browser";
import { ConvexHttpClient as OldHttpClient } from "convex-1.16/browser";
import { makeFunctionReference } from "convex/server";

interface Stats {
  activeVisitors: number;
  totalPageViews: number;
  uniqueVisitors: number;
  activeByPath: { path: string; count: number }[];
  pageStats: { path: string; title: string; pageType: string; views: number }[];
  visitorLocations: { latitude: number; longitude: number; city?: string; country?: string }[];
}

const stats = {
  get: makeFunctionReference<"query", Record<string, never>, Stats>("stats:getStats"),
  view: makeFunctionReference<"mutation">("stats:recordPageView"),
  beat: makeFunctionReference<"mutation">("stats:heartbeat"),
};
const BEAT_MS = 30_000;

function sessionId(): string {
  const known = sessionStorage.getItem("session");
  if (known) return known;
  const made = crypto.randomUUID();
  sessionStorage.setItem("session", made);
  return made;
}

function usePath(): string {
  const read = () => location.hash.slice(1) || "/";
  const [path, setPath] = useState(read);
  useEffect(() => {
    const changed = () => setPath(read());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return path;
}

/** Records each page that is looked at, and tells every now and then that the reader is still there. */
function useTracking(path: string) {
  const view = useMutation(stats.view);
  const beat = useMutation(stats.beat);
  const viewed = useRef("");
  useEffect(() => {
    if (viewed.current === path) return;
    viewed.current = path;
    void view({ path, pageType: "page", sessionId: sessionId() });
  }, [path]);
  useEffect(() => {
    const tell = () => void beat({ sessionId: sessionId(), currentPath: path, city: "Zürich", country: "CH" });
    tell();
    const timer = setInterval(tell, BEAT_MS);
    return () => clearInterval(timer);
  }, [path]);
}

function Page() {
  useTracking(usePath());
  const found = useQuery(stats.get);
  if (!found) return <p id="loading">Loading</p>;
  return (
    <main>
      <p id="active">{found.activeVisitors} here</p>
      <p id="views">{found.totalPageViews} views</p>
      <p id="visitors">{found.uniqueVisitors} visitors</p>
      <ul id="here">{found.activeByPath.map(({ path, count }) => <li key={path}>{path}: {count}</li>)}</ul>
      <ul id="pages">{found.pageStats.map(({ path, title, views }) => <li key={path}>{title}: {views}</li>)}</ul>
    </main>
  );
}

const address = new URLSearchParams(location.search).get("convex")!;
const client = new ConvexReactClient(address);
Object.assign(globalThis, { newest: new ConvexHttpClient(address), old: new OldHttpClient(address) }); // for tests to call
createRoot(document.getElementById("root")!).render(
  <ConvexProvider client={client}>
    <Page />
  </ConvexProvider>,
);
