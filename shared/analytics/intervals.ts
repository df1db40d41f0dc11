/** Intervals of shares and of their differences, at 95 %. Textbook formulas; the source stands with each. */

/** The 97.5 % point of the standard normal distribution. */
const Z = 1.959964;

export type Interval = { low: number; high: number };

/**
 * Returns the interval of a share.
 * Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference, JASA 22:209–212.
 * @param n at least 1
 */
export function shareInterval(successes: number, n: number): Interval {
  const share = successes / n;
  const middle = share + Z ** 2 / (2 * n);
  const around = Z * Math.sqrt((share * (1 - share)) / n + Z ** 2 / (4 * n ** 2));
  const whole = 1 + Z ** 2 / n;
  // At both ends the formula gives 0 and 1, but for rounding.
  return {
    low: successes === 0 ? 0 : (middle - around) / whole,
    high: successes === n ? 1 : (middle + around) / whole,
  };
}

export type Share = { count: number; of: number };

/**
 * Returns the interval of a difference of two independent shares, b minus a.
 * Newcombe, R. G. (1998), Interval estimation for the difference between independent proportions: comparison of eleven
 * methods, Statistics in Medicine 17:873–890, method 10.
 */
export function differenceInterval(a: Share, b: Share): Interval {
  const [of, against] = [shareInterval(b.count, b.of), shareInterval(a.count, a.of)];
  const [p, q] = [b.count / b.of, a.count / a.of];
  return {
    low: p - q - Math.hypot(p - of.low, against.high - q),
    high: p - q + Math.hypot(of.high - p, q - against.low),
  };
}
