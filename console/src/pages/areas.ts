import type { Area } from '../shell/area.ts';
import { clients } from './clients/area.ts';

/** The areas in the order of the navigation. Each is a folder of its own beside this file. */
export const AREAS: readonly Area[] = [clients];
