// The controls of a replay: which hour, which minute, play, and the way back. What it shows is the page's own business.

import "./replay.css";
import { useTongue } from "../words/speech.ts";
import { LENGTH, type Player } from "./player.ts";

const HOUR = 3_600_000;

export function Replay({ player }: { player: Player }) {
  const { words, moment, count, clock } = useTongue();
  const from = player.from.value;
  if (from === null) return null;
  const { minutes, index, playing, failed, busy, minute, time } = player;
  const label = minute.value ? words.replayed(moment(time.value), count(words.people, minute.value.people)) : "";
  return (
    <section class="replay" aria-label={words.replayOf}>
      <div class="row">
        <button
          type="button"
          class="strong play"
          disabled={!minutes.value.length}
          onClick={() => player.toggle()}
        >
          {playing.value ? words.pause : words.play}
        </button>
        <p class="when">{moment(time.value)}</p>
        <div class="hour">
          <button type="button" class="quiet" aria-label={words.earlier} onClick={() => player.show(from - HOUR)}>
            ‹
          </button>
          <label>
            <span>{words.replayFrom}</span>
            <input
              type="datetime-local"
              value={local(from)}
              max={local(player.latest())}
              onChange={(e) => e.currentTarget.value && player.show(new Date(e.currentTarget.value).getTime())}
            />
          </label>
          <button
            type="button"
            class="quiet"
            aria-label={words.later}
            disabled={from >= player.latest()}
            onClick={() => player.show(from + HOUR)}
          >
            ›
          </button>
        </div>
        <button type="button" class="quiet back" onClick={() => player.close()}>{words.backToLive}</button>
      </div>
      <div class="slide">
        <span aria-hidden="true">{clock(from)}</span>
        <input
          type="range"
          min={0}
          max={Math.max(0, (minutes.value.length || LENGTH) - 1)}
          value={index.value}
          disabled={!minutes.value.length}
          aria-label={words.minute}
          aria-valuetext={label}
          onInput={(e) => {
            player.pause();
            player.go(e.currentTarget.valueAsNumber);
          }}
        />
        <span aria-hidden="true">{clock(from + HOUR - HOUR / LENGTH)}</span>
      </div>
      <p class="note" role="status">
        {failed.value ? words.failed : busy.value ? words.loading : !player.placed.value ? words.noCountries : ""}
      </p>
      {failed.value && <button type="button" class="quiet" onClick={() => player.show(from)}>{words.again}</button>}
    </section>
  );
}

/** What <input type="datetime-local"> takes: the reader's own time, to the minute. */
function local(ms: number): string {
  const there = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return there.toISOString().slice(0, 16);
}
