/** The face of the full-screen chat. */
export type * from './model/faults.js';
