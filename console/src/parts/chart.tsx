import { useNavigate } from '@tanstack/react-router';
import { useId } from 'react';
import { number, t } from '../i18n/index.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Address of the list behind the bar. */
  readonly to?: string | undefined;
}

interface Props {
  readonly title: string;
  readonly bars: readonly Bar[];
  /** A funnel's bars stand in the middle, each as wide as its share of the first. */
  readonly shape?: 'bars' | 'funnel';
  readonly none?: string;
}

const WIDTH = 600;
const ROW = 34;
const LABELS = 190;
const NUMBERS = 70;

/** Horizontal bars with a link to what each stands for, and the same figures as a table. */
export function Chart({ title, bars, shape = 'bars', none = t('Nothing to show yet.') }: Props) {
  const id = useId();
  const go = useNavigate();
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const room = WIDTH - LABELS - NUMBERS;
  if (bars.every(({ value }) => value === 0))
    return (
      <figure className="chart">
        <figcaption>{title}</figcaption>
        <p className="help">{none}</p>
      </figure>
    );
  return (
    <figure className="chart">
      <figcaption id={id}>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${ROW * bars.length}`} role="img" aria-labelledby={id}>
        <title>{title}</title>
        {bars.map(({ label, value, to }, index) => {
          const width = (value / most) * room;
          const x = LABELS + (shape === 'funnel' ? (room - width) / 2 : 0);
          return (
            // The table below has the links for the keyboard and for screen readers.
            // biome-ignore lint/a11y/noStaticElementInteractions: the same links stand in the table
            <g key={label} className={to ? 'link' : undefined} onClick={() => to && void go({ to })}>
              <text x={LABELS - 10} y={index * ROW + ROW / 2} className="label">
                {label.length > 26 ? `${label.slice(0, 25)}…` : label}
              </text>
              <rect
                x={x}
                y={index * ROW + 5}
                width={Math.max(width, value > 0 ? 2 : 0)}
                height={ROW - 10}
                rx={3}
              />
              <text x={shape === 'funnel' ? WIDTH - NUMBERS + 8 : x + width + 8} y={index * ROW + ROW / 2}>
                {number(value)}
              </text>
            </g>
          );
        })}
      </svg>
      <details>
        <summary>{t('As a table')}</summary>
        <table>
          <tbody>
            {bars.map(({ label, value, to }) => (
              <tr key={label}>
                <th scope="row">{to ? <a href={`/admin${to}`}>{label}</a> : label}</th>
                <td className="number">{number(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
