/** Takes in which way work with a tenant's time depends on the moment. */
export interface ClockUse {
  /**
   * Notes that the calendar date counted.
   * @param today the date that counted
   * @param now returns the date at the moment of the call
   */
  noteDay(today: string, now: () => string): void;
  /** Notes that the moment itself counted. */
  noteMoment(): void;
}
