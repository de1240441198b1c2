import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

interface Props {
  readonly title: string;
  /** The list that the record belongs to. */
  readonly back: { readonly to: string; readonly label: string };
  /** Buttons beside the title. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** The page of one record: title, way back, actions, sections. */
export function Detail({ title, back, actions, children }: Props) {
  return (
    <article>
      <nav aria-label="Breadcrumb">
        <Link to={back.to}>← {back.label}</Link>
      </nav>
      <div className="bar title">
        <h1 dir="auto">{title}</h1>
        {actions}
      </div>
      {children}
    </article>
  );
}

/** A part of a record's page with a heading. */
export function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
