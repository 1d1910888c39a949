// What all charts have alike. Pure.

export const FONT = '11px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
