import * as React from 'react';
import { useId } from 'react';

/** Tabs over one panel. Arrows go from tab to tab, round at the ends, and open it. */
export function Tabs<T extends string>({
  label,
  tabs,
  tab,
  onTab,
  className,
  children
}: {
  label: string;
  tabs: readonly (readonly [tab: T, label: string])[];
  tab: T;
  onTab: (tab: T) => void;
  /** Of the panel. */
  className: string;
  children: React.ReactNode;
}): React.ReactElement {
  const id = useId();
  const step = (event: React.KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) {
      return;
    }
    event.preventDefault();
    const at = tabs.findIndex(([one]) => one === tab);
    const [next] = tabs[(at + by + tabs.length) % tabs.length];
    onTab(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <>
      <div className="kf-Tabs" role="tablist" aria-label={label}>
        {tabs.map(([one, name]) => (
          <button
            key={one}
            id={`${id}-${one}`}
            role="tab"
            aria-selected={tab === one}
            aria-controls={`${id}-panel`}
            tabIndex={tab === one ? 0 : -1}
            onClick={() => onTab(one)}
            onKeyDown={step}
          >
            {name}
          </button>
        ))}
      </div>
      <div
        id={`${id}-panel`}
        className={className}
        role="tabpanel"
        aria-labelledby={`${id}-${tab}`}
      >
        {children}
      </div>
    </>
  );
}
