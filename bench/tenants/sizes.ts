/** Clients of the agency in the middle: half of all agencies are smaller. */
const MEDIAN = 60;
/** The spread of a logarithmic normal distribution: one agency of ten has 400 clients, one of a thousand 6,000. */
const SPREAD = 1.5;

/**
 * Returns the number of clients of each of these agencies: few are large, most are small. The sizes are the same each
 * time, and mixed, so that the first hundred agencies are like the last.
 */
export function clientsOf(agencies: number): number[] {
  return Array.from({ length: agencies }, (_, i) => {
    // Fractions of the golden ratio spread evenly however many there are.
    const share = ((i + 1) * 0.618_033_988_749_895) % 1;
    return Math.round(MEDIAN * Math.exp(SPREAD * normal(share)));
  });
}

/** Returns the value that this share (above 0, below 1) of a normal distribution lies below, to two digits. */
function normal(share: number): number {
  // Tukey's lambda distribution is that close between 0.001 and 0.999.
  return (share ** 0.14 - (1 - share) ** 0.14) / 0.1975;
}
