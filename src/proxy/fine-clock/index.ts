/** Timers that hit a fraction of a millisecond. */
export { FineClock } from './fine-clock.js';
