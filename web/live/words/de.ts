// Deutsch.

import type { Catalogue } from "./catalogue.ts";

export const de: Catalogue = {
  hereNow: (n) => `${n} gerade hier`,
  peopleHere: { one: "Person ist gerade hier", other: "Menschen sind gerade hier" },
  peopleThen: { one: "Person war hier", other: "Menschen waren hier" },
  people: { one: "# Person", other: "# Menschen" },
  readers: { one: "# liest", other: "# lesen" },
  peopleMeaning:
    "Menschen, die in den letzten zwei Minuten ein Lebenszeichen gaben, jeder einmal gezählt, egal in wie " +
    "vielen Tabs. Wer die Seite schließt, wird noch zehn Sekunden gezeigt.",

  status: { connecting: "Verbinde", live: "Live", stale: "Nicht live", gone: "Nicht verfügbar", past: "Vergangenheit" },
  stale: (time) => `Der Server ist nicht erreichbar. Diese Zahlen sind von ${time}; die Seite versucht es weiter.`,
  gone: (time) => `Der Server zeigt diese Seite nicht mehr. Diese Zahlen sind von ${time}.`,
  tryNow: "Jetzt versuchen",
  failed: "Das ließ sich nicht laden.",
  again: "Noch einmal",

  trend: "Menschen je Minute",
  ranges: { "30m": "30 Min.", "24h": "24 Std.", "7d": "7 Tage" },
  rangesSpoken: { "30m": "Letzte 30 Minuten", "24h": "Letzte 24 Stunden", "7d": "Letzte 7 Tage" },
  range: "Zeitraum",
  now: "jetzt",
  weekBefore: "eine Woche zuvor",
  highest: (n, time) => `höchstens ${n}, ${time}`,
  average: (n, peak) => `${n} im Mittel, höchstens ${peak}`,
  time: "Zeit",
  chart: "Diagramm der Menschen je Minute. Mit den Pfeiltasten geht man hindurch.",

  reading: "Wird gelesen",
  morePages: { one: "und # weitere Seite", other: "und # weitere Seiten" },
  elsewhereHere: { one: "und # Person auf einer ungenannten Seite", other: "und # Menschen auf ungenannten Seiten" },
  nobodyReads: "Gerade ist keine Seite geöffnet.",
  nobodyRead: "In dieser Minute war keine Seite geöffnet.",

  where: "Wo sie sind",
  whereMeaning: "Das Land oder der gerundete Ort, zu dem eine Adresse gehört; Adressen werden nicht gespeichert. Auf " +
    "einer öffentlichen Seite folgen die Orte eine halbe Minute später, damit niemand beobachtet werden kann.",
  worldMap: (people, countries) => `Weltkarte: ${people} in ${countries}`,
  countries: { one: "# Land", other: "# Ländern" },
  peopleByCountry: "Menschen nach Ländern",
  elsewhere: "Anderswo",
  noPlace: "Von niemandem hier ist ein Ort bekannt.",
  showFewer: "Weniger zeigen",
  showCountries: () => "Alle Länder zeigen",

  arrivals: "Kommen gerade",
  arrivalsMeaning:
    "Wer zuletzt kam, und auf welche Seite. Wer nur zu einer anderen Seite weitergeht, wird nicht noch einmal genannt.",
  nobodyArrived: "Noch ist niemand gekommen.",
  unnamed: "eine ungenannte Seite",
  justNow: "eben",

  totals: "Seit Beginn der Zählung",
  views: "Aufrufe",
  viewsMeaning:
    "Seitenaufrufe. Öffnet dieselbe Person dieselbe Seite innerhalb von 30 Minuten erneut, zählt das nicht noch einmal.",
  visitors: "Besucher",
  visitorsMeaning:
    "Verschiedene Menschen seit Beginn der Zählung. Wo auf den Geräten nichts gespeichert wird, zählt, " +
    "wer an einem anderen Tag wiederkommt, einmal je Tag.",
  paths: "Gelesene Seiten",
  pathsMeaning: "Verschiedene Adressen, die mindestens einmal aufgerufen wurden.",
  posts: "Beiträge",
  publishedPages: "Veröffentlichte Seiten",
  since: "Gezählt seit",

  pages: "Seiten",
  page: "Seite",
  kind: "Art",
  kinds: { home: "Start", blog: "Beitrag", page: "Seite", stats: "Statistik" },
  here: "Jetzt hier",
  search: "Seiten suchen",
  found: { one: "# Seite gefunden", other: "# Seiten gefunden" },
  nothingFound: "Keine Seite hat das in ihrem Titel oder ihrer Adresse.",
  span: (first, last, total) => `${first}–${last} von ${total}`,
  first: "Anfang",
  previous: "Zurück",
  next: "Weiter",
  last: "Ende",
  paging: "Blättern in der Tabelle",
  hidden: {
    one: "und # weitere Seite, die nur der Betreiber sieht",
    other: "und # weitere Seiten, die nur der Betreiber sieht",
  },
  reported: "Titel, wie ihn die Seite selbst angibt",
  italics: "Kursiv: Titel, wie die Seiten selbst sie angeben.",

  replay: "Rückblick",
  replayOf: "Rückblick auf eine vergangene Stunde",
  replayFrom: "Ab",
  earlier: "Eine Stunde früher",
  later: "Eine Stunde später",
  play: "Abspielen",
  pause: "Anhalten",
  minute: "Minute",
  backToLive: "Zurück zu live",
  loading: "Lädt",
  noCountries: "Orte der Vergangenheit sieht nur der Betreiber.",
  replayed: (time, people) => `${time}, ${people}`,

  startTitle: "Wartet auf den ersten Besuch",
  startLine: "Diese Zeile gehört in den Kopf der Seiten, die gezählt werden sollen:",
  startCopy: "Zeile kopieren",
  startCopied: "Kopiert.",
  startByHand: "Bitte von Hand kopieren.",
  startHint: "Dann eine der Seiten öffnen.",
  startMoves: "Diese Seite ändert sich von selbst, sobald jemand kommt.",
  startLabel: "Die Zeile zum Kopieren",

  help: "Tasten",
  close: "Schließen",
  keys: {
    search: "Seiten suchen",
    turn: "In der Tabelle zurück oder weiter",
    range: "Verlauf von 30 Minuten, 24 Stunden, 7 Tagen",
    figures: "Zahlen von Tagen, Wochen, Jahren",
    replay: "Rückblick auf eine vergangene Stunde",
    play: "Rückblick abspielen oder anhalten",
    step: "Im Rückblick eine Minute zurück oder weiter",
    live: "Zurück zu live",
    theme: "Hell, dunkel oder wie das System",
    help: "Diese Liste",
  },

  room: "Ansicht",
  rooms: { now: "Jetzt", figures: "Zahlen" },
  settings: "Einstellungen",
  language: "Sprache",
  bottom: "Gezählt von Footfall, ohne Cookies. Adressen von Lesern werden nicht gespeichert.",
};
