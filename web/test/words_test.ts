// Every language says everything, in the reader's own way of writing numbers and times.

import { CATALOGUES, choose, tongue } from "../live/words/tongue.ts";
import { equal } from "./equal.ts";

/** All texts of a catalogue by their place in it; a text with gaps is filled with «1», «2», «3». */
function texts(part: unknown, at = ""): [string, string][] {
  if (typeof part === "string") return [[at, part]];
  if (typeof part === "function") return [[at, part("«1»", "«2»", "«3»")]];
  return Object.entries(part as object).flatMap(([name, value]) => texts(value, `${at}.${name}`));
}

Deno.test("no text is empty, and every number has its place", () => {
  const english = new Map(texts(CATALOGUES.en));
  for (const [language, catalogue] of Object.entries(CATALOGUES)) {
    for (const [at, text] of texts(catalogue)) {
      if (!text.trim()) throw new Error(`${language}${at} is empty`);
      if (text.includes("#") !== english.get(at)!.includes("#")) throw new Error(`${language}${at}: "#"`);
    }
  }
});

Deno.test("the language is the chosen one, else the first of the browser's that there is", () => {
  equal(choose(["de", null], ["es"]), "de");
  equal(choose(["xx", "es"], ["de"]), "es");
  equal(choose([null, ""], ["fr-FR", "de-AT", "en"]), "de");
  equal(choose(["constructor"], []), "en");
});

Deno.test("numbers, plurals and countries are the reader's", () => {
  const british = tongue("en", ["en-GB"]);
  const german = tongue("de", ["fr", "de-AT"]);
  const spanish = tongue("es", []);
  equal(british.count(british.words.people, 1), "1 person");
  equal(german.count(german.words.people, 12345), `${new Intl.NumberFormat("de-AT").format(12345)} Menschen`);
  equal(spanish.count(spanish.words.people, 0), "0 personas");
  equal([british.country("DE"), german.country("DE"), spanish.country("DE")], ["Germany", "Deutschland", "Alemania"]);
  equal([british.country(""), british.country("Neverland")], ["Elsewhere", "Neverland"]);
});

Deno.test("ages come in round figures and never from the future", () => {
  const { ago, words } = tongue("en", ["en"]);
  equal([ago(-5000), ago(0), ago(9999)], [words.justNow, words.justNow, words.justNow]);
  const now = new Intl.RelativeTimeFormat("en", { style: "narrow" });
  equal([ago(47_000), ago(61_000), ago(7_300_000), ago(2e8)], [
    now.format(-40, "second"),
    now.format(-1, "minute"),
    now.format(-2, "hour"),
    now.format(-2, "day"),
  ]);
});
