/** Moments as the reader's clock on the wall would show them, and what the reader means by a time. */
import type { LocalTime } from './model/look.js';

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const dayMs = 86_400_000;

/** In the zone of the process (TZ). */
export function localTime(wallMs: number): LocalTime {
  const date = new Date(wallMs);
  const two = (number: number): string => String(number).padStart(2, '0');
  return {
    day: `${days[date.getDay()]} ${two(date.getDate())} ${months[date.getMonth()]} ${date.getFullYear()}`,
    time: `${two(date.getHours())}:${two(date.getMinutes())}`,
  };
}

/** `14:30`: the last time it was that; `2026-11-24 14:30`, `2026-11-24`. Undefined when it is no time at all. */
export function readMoment(text: string, nowMs: number): number | undefined {
  const found = /^(?:(\d{4})-(\d\d)-(\d\d))?[ T]?(?:(\d{1,2}):(\d\d))?$/.exec(text);
  if (found === null || text === '') return undefined;
  const [, year, month, day, hour = '0', minute = '0'] = found;
  if (Number(hour) > 23 || Number(minute) > 59) return undefined;
  const date = new Date(nowMs);
  if (year !== undefined) date.setFullYear(Number(year), Number(month) - 1, Number(day));
  if (year !== undefined && date.getDate() !== Number(day)) return undefined;
  date.setHours(Number(hour), Number(minute), 0, 0);
  const ms = date.getTime();
  return year === undefined && ms > nowMs ? ms - dayMs : ms;
}
