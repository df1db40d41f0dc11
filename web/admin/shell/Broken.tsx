import { Component, type ReactNode } from 'react';
import { Button } from '../../shared/controls.tsx';
import { EmptyState } from '../shared/states.tsx';
import { w } from '../words.ts';

/** Keeps the navigation when a page breaks. */
export class Broken extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <main className="p-6">
        <EmptyState title={w('crashed')} text={w('crashedWhy')}>
          <Button onClick={() => location.reload()}>{w('reload')}</Button>
        </EmptyState>
      </main>
    );
  }
}
