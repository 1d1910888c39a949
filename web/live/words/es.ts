// Español.

import type { Catalogue } from "./catalogue.ts";

export const es: Catalogue = {
  hereNow: (n) => `${n} aquí ahora`,
  peopleHere: { one: "persona aquí ahora", other: "personas aquí ahora" },
  peopleThen: { one: "persona estaba aquí", other: "personas estaban aquí" },
  people: { one: "# persona", other: "# personas" },
  readers: { one: "# lector", other: "# lectores" },
  peopleMeaning:
    "Personas que dieron señales de vida en los últimos dos minutos, contadas una vez aunque tengan varias " +
    "pestañas. Quien cierra la página se muestra diez segundos más.",

  status: {
    connecting: "Conectando",
    live: "En directo",
    stale: "Sin conexión",
    gone: "No disponible",
    past: "Pasado",
  },
  stale: (time) =>
    `No se puede contactar con el servidor. Estas cifras son de las ${time}; la página sigue intentándolo.`,
  gone: (time) => `El servidor ya no muestra esta página. Estas cifras son de las ${time}.`,
  tryNow: "Intentar ahora",
  failed: "No se pudo cargar.",
  again: "Reintentar",

  trend: "Personas por minuto",
  ranges: { "30m": "30 min", "24h": "24 horas", "7d": "7 días" },
  rangesSpoken: { "30m": "Últimos 30 minutos", "24h": "Últimas 24 horas", "7d": "Últimos 7 días" },
  range: "Periodo",
  now: "ahora",
  weekBefore: "una semana antes",
  highest: (n, time) => `como máximo ${n}, ${time}`,
  average: (n, peak) => `${n} de media, como máximo ${peak}`,
  time: "Hora",
  chart: "Gráfico de personas por minuto. Las flechas lo recorren.",

  reading: "Leyéndose",
  morePages: { one: "y # página más", other: "y # páginas más" },
  elsewhereHere: { one: "y # persona en una página sin nombrar", other: "y # personas en páginas sin nombrar" },
  nobodyReads: "No hay ninguna página abierta ahora.",
  nobodyRead: "No había ninguna página abierta en este minuto.",

  where: "Dónde están",
  whereMeaning:
    "El país o el lugar redondeado al que pertenece una dirección; no se guarda ninguna dirección. En una " +
    "página pública los lugares siguen a las páginas medio minuto después, para que no se pueda observar a nadie.",
  worldMap: (people, countries) => `Mapa del mundo: ${people} en ${countries}`,
  countries: { one: "# país", other: "# países" },
  peopleByCountry: "Personas por país",
  elsewhere: "Otros lugares",
  noPlace: "No se conoce el lugar de nadie.",
  showFewer: "Mostrar menos",
  showCountries: (countries) => `Mostrar los ${countries}`,

  arrivals: "Llegando",
  arrivalsMeaning: "Quién llegó el último y a qué página. Quien solo pasa a otra página no se nombra de nuevo.",
  nobodyArrived: "Todavía no ha llegado nadie.",
  unnamed: "una página sin nombrar",
  justNow: "ahora mismo",

  totals: "Desde que se cuenta",
  views: "Visitas",
  viewsMeaning:
    "Páginas vistas. Si la misma persona vuelve a abrir la misma página en 30 minutos, no se cuenta de nuevo.",
  visitors: "Visitantes",
  visitorsMeaning: "Personas distintas desde que se cuenta. Donde no se guarda nada en sus dispositivos, " +
    "quien vuelve otro día se cuenta una vez por día.",
  paths: "Páginas vistas",
  pathsMeaning: "Direcciones distintas vistas al menos una vez.",
  posts: "Entradas",
  publishedPages: "Páginas publicadas",
  since: "Desde",

  pages: "Páginas",
  page: "Página",
  kind: "Tipo",
  kinds: { home: "Inicio", blog: "Entrada", page: "Página", stats: "Estadísticas" },
  here: "Aquí ahora",
  search: "Buscar páginas",
  found: { one: "# página encontrada", other: "# páginas encontradas" },
  nothingFound: "Ninguna página tiene esto en su título o dirección.",
  span: (first, last, total) => `${first}–${last} de ${total}`,
  first: "Inicio",
  previous: "Anterior",
  next: "Siguiente",
  last: "Final",
  paging: "Páginas de la tabla",
  hidden: {
    one: "y # página más, que solo ve el propietario",
    other: "y # páginas más, que solo ve el propietario",
  },
  reported: "título que la página da de sí misma",
  italics: "En cursiva: títulos que las páginas dan de sí mismas.",

  replay: "Repetición",
  replayOf: "Repetición de una hora pasada",
  replayFrom: "Desde",
  earlier: "Una hora antes",
  later: "Una hora después",
  play: "Reproducir",
  pause: "Pausar",
  minute: "Minuto",
  backToLive: "Volver al directo",
  loading: "Cargando",
  noCountries: "Los lugares del pasado solo los ve el propietario.",
  replayed: (time, people) => `${time}, ${people}`,

  startTitle: "Esperando la primera visita",
  startLine: "Ponga esta línea en la cabecera de las páginas que quiera contar:",
  startCopy: "Copiar la línea",
  startCopied: "Copiada.",
  startByHand: "Cópiela a mano, por favor.",
  startHint: "Después abra una de ellas.",
  startMoves: "Esta página cambia sola en cuanto llega alguien.",
  startLabel: "La línea para copiar",

  help: "Teclas",
  close: "Cerrar",
  keys: {
    search: "Buscar páginas",
    turn: "Anterior o siguiente en la tabla",
    range: "Evolución de 30 minutos, 24 horas, 7 días",
    replay: "Repetir una hora pasada",
    play: "Reproducir o pausar la repetición",
    step: "Un minuto atrás o adelante en la repetición",
    live: "Volver al directo",
    theme: "Claro, oscuro o como el sistema",
    help: "Esta lista",
  },

  settings: "Ajustes",
  language: "Idioma",
  bottom: "Contado por Footfall, sin cookies. No se guarda la dirección de ningún lector.",
};
